#pragma once

#include <string>
#include <vector>

namespace tests {

/// The parts, one behind the other, as lists stand in SQL.
[[nodiscard]] inline std::string list(const std::vector<std::string>& parts, const std::string& separator = ", ") {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

}  // namespace tests
