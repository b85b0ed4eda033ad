#pragma once

#include <string_view>

#include "core/failpoint_places.hpp"

namespace core {

/// Stops, breaks or delays the process at a named place when the environment says so:
/// `AGENT_FAILPOINTS="after_target_commit=kill@3;before_ack=wait:200"`. Actions: `kill` (SIGKILL to this process), `throw` (an error that goes
/// away by itself, of the kind that the place's side has), `fail` (the same error, for good), `wait:<ms>`; `@n` means at the n-th time only.
/// What is done is said on standard error first. Does nothing when the name is not listed.
void hit_failpoint(std::string_view name);

}  // namespace core

// The name is checked also where nothing is compiled in.
#ifdef AGENT_FAILPOINTS
#define FAILPOINT(name)                              \
  do {                                               \
    static_assert(::core::is_failpoint_place(name)); \
    ::core::hit_failpoint(name);                     \
  } while (false)
#else
#define FAILPOINT(name)                              \
  do {                                               \
    static_assert(::core::is_failpoint_place(name)); \
  } while (false)
#endif
