#pragma once

#include <set>

#include "agent/config.hpp"
#include "agent/environment.hpp"
#include "core/relation.hpp"
#include "cutover/source_fence.hpp"

namespace agent {

/// What the configuration wants of the fence around these published tables.
[[nodiscard]] cutover::FenceSettings fence_settings(const Config& config, const std::set<core::QualifiedName>& tables);
/// The same around all tables that the mapping reads.
[[nodiscard]] cutover::FenceSettings fence_settings(const Environment& environment);

}  // namespace agent
