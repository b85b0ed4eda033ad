#pragma once

#include <string>

#include "tests/soak/soak.hpp"

namespace soak {

/// The run as Markdown. `commit` names the state of the program; it may be empty.
[[nodiscard]] std::string to_markdown(const SoakOptions& options, const SoakResult& result, const std::string& commit);

}  // namespace soak
