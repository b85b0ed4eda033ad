#pragma once

#include "agent/config.hpp"
#include "cutover/cleanup.hpp"
#include "mapping/mapping_file.hpp"

namespace agent {

/// What the mapping has the cleanup do, in the name of whoever runs this process.
[[nodiscard]] cutover::CleanupOrder cleanup_order(const Config& config, const mapping::MappingFile& file);

}  // namespace agent
