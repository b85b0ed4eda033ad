#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/reference.hpp"

namespace agent {

/// The completion of the command line for a shell: `bash`, `zsh` or `fish`; nothing for another one.
[[nodiscard]] std::optional<std::string> completion(const Reference& program, std::string_view shell);

}  // namespace agent
