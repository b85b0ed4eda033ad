#pragma once

#include <map>
#include <string>
#include <utility>

#include "core/row_key.hpp"

namespace apply {

/// Rows of a route without an id that came to the target (true) or left it (false): by legacy key and target key, since nothing on the
/// target says which legacy row made them.
using TargetKeyChanges = std::map<std::pair<std::string, core::RowKey>, bool>;

}  // namespace apply
