#pragma once

#include <string>

#include "core/error.hpp"

namespace agent {

/// Error(Usage): the mapping has no route that is called `name`.
[[nodiscard]] core::Error unknown_route(const std::string& name);

}  // namespace agent
