#pragma once

#include <string_view>

#include "core/error.hpp"
#include "pg/connection_params.hpp"

namespace pg {

// Internal to pg/. A statement may take as long as it likes, and TCP notices a peer that has vanished; but a pooler or a proxy that
// hangs, or a reply that was lost on the way, look like a long statement for ever.

/// Asks over a second connection whether the server process `pid` is at work on something. True too when the server answers but will not
/// say; false when it waits for this side, when there is no such process, or when nobody answers.
[[nodiscard]] bool is_at_work(const ConnectionParams& params, int pid);

/// Error(Source) or Error(Target), transient: the connection brings nothing although something is due.
[[nodiscard]] core::Error silent_peer(const ConnectionParams& params);

}  // namespace pg
