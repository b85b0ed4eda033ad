#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "pg/connection_params.hpp"
#include "pg/pinned_settings.hpp"
#include "pg/result_guard.hpp"

namespace pg {

// Internal to pg/: making a connection, and waiting for one, always with a bound.

/// What a connection speaks: ordinary SQL, or the commands of a walsender for one database.
enum class ConnectionUse : std::uint8_t { Sql, Replication };

/// The settings to pin while connecting: the common ones, with the caller's in their place.
[[nodiscard]] std::vector<Setting> wanted_settings(const ConnectionParams& params, ConnectionUse use);

/// Connects to the first of the hosts that takes the connection, with `connect_timeout` for each address, or throws connect_error(); Error(Source) or Error(Target) when a stop has run out of time.
[[nodiscard]] ConnectionGuard connect(const ConnectionParams& params, std::string_view purpose, ConnectionUse use);

/// How soon a wait notices that a stop has run out of time, and what it throws then: transient.
inline constexpr std::chrono::milliseconds kStopTick{100};
[[nodiscard]] core::Error stopped(const ConnectionParams& params);

/// Waits for poll's `events`. False when the deadline came first.
bool wait_for_socket(int socket, short events, std::optional<std::chrono::steady_clock::time_point> deadline);
/// The same; throws Error(Source) or Error(Target), transient, when a stop has run out of time.
bool wait_unless_stopped(const ConnectionParams& params, int socket, short events,
                         std::optional<std::chrono::steady_clock::time_point> deadline);

/// After how long a peer that has vanished is noticed (keepalives), while a request waits for its reply.
[[nodiscard]] std::chrono::seconds silence_limit(const PGconn* connection);

}  // namespace pg
