#pragma once

#include <filesystem>

namespace tests {

/// The program under test: $AGENT_BINARY (ctest sets it), else the one built beside this test program. Throws std::runtime_error
/// when there is none.
[[nodiscard]] std::filesystem::path agent_binary();

}  // namespace tests
