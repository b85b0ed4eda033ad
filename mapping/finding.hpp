#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "mapping/plan.hpp"

namespace mapping {

/// Something wrong (or doubtful) in a mapping, where it stands, and what to do about it.
struct Finding {
  enum class Severity : std::uint8_t { Error, Warning };
  Severity severity = Severity::Error;
  std::string message;
  std::string remedy;  ///< a sentence; empty when the message says it all
  SourcePosition at;
};

/// Findings as they come up. Compiling goes on after an error, so that a user sees all of them at once.
class Findings {
 public:
  void error(SourcePosition at, std::string message, std::string remedy = {}) {
    list_.push_back({Finding::Severity::Error, std::move(message), std::move(remedy), at});
  }
  void warning(SourcePosition at, std::string message, std::string remedy = {}) {
    list_.push_back({Finding::Severity::Warning, std::move(message), std::move(remedy), at});
  }
  [[nodiscard]] std::size_t errors() const {
    return static_cast<std::size_t>(std::count_if(
        list_.begin(), list_.end(), [](const Finding& f) { return f.severity == Finding::Severity::Error; }));
  }
  [[nodiscard]] std::vector<Finding> take() && { return std::move(list_); }

 private:
  std::vector<Finding> list_;
};

}  // namespace mapping
