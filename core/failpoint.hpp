#pragma once

#include <string_view>

namespace core {

/// Stops, breaks or delays the process at a named place when the environment says so:
/// `AGENT_FAILPOINTS="after_target_commit=kill@3;before_ack=wait:200"`. Actions: `kill` (SIGKILL to this process),
/// `throw` (a transient target error), `wait:<ms>`; `@n` means at the n-th time only. Does nothing when the name is not listed.
void hit_failpoint(std::string_view name);

}  // namespace core

#ifdef AGENT_FAILPOINTS
#define FAILPOINT(name) ::core::hit_failpoint(name)
#else
#define FAILPOINT(name) static_cast<void>(0)
#endif
