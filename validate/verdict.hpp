#pragma once

#include <string>

#include "validate/outcome.hpp"

namespace validate {

/// What an outcome means, in words for people who decide something by it.
struct Verdict {
  enum class Kind : std::uint8_t {
    Equal,       ///< everything was looked at, and is equal
    EqualSoFar,  ///< what was looked at is equal, but that was not everything
    Different,   ///< something is not equal
  };
  Kind kind = Kind::Equal;
  std::string headline;  ///< one sentence
  std::vector<std::string>
      reasons;  ///< what is wrong or was not looked at, one sentence each; with Equal, what that says
};

[[nodiscard]] Verdict verdict_of(const Outcome& outcome);

/// `4,387,754`
[[nodiscard]] std::string grouped(std::int64_t number);

}  // namespace validate
