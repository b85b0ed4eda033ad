#pragma once

#include <string>

namespace tests {

/// Throws std::system_error with what errno says.
[[noreturn]] void throw_errno(const std::string& what);

}  // namespace tests
