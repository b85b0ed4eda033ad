#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection_params.hpp"

namespace pg {

// Internal to pg/.

/// What a host's name leads to.
struct NameLookup {
  std::vector<std::string> addresses;  ///< numeric, in the order in which they should be tried; none: it failed
  std::string failure;                 ///< why; empty when it did not fail
};

/// Asks the system's resolver, which cannot be interrupted, in a thread that is left behind when its answer is not waited for any more: after
/// `limit`, which is a failure, or when a stop has run out of time: then it throws Error(Source) or Error(Target), transient.
[[nodiscard]] NameLookup look_up(const ConnectionParams& params, const std::string& host,
                                 std::optional<std::chrono::seconds> limit);

/// Whether it is an address already, and no name.
[[nodiscard]] bool is_address(const std::string& host);

}  // namespace pg
