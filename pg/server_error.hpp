#pragma once

#include <libpq-fe.h>

#include <string_view>

#include "core/error.hpp"
#include "pg/connection_params.hpp"

namespace pg {

// Internal to pg/: what went wrong, as core::Error. Never a password, never a row value.

/// Of a result that is an error, or of a missing one (null): then the connection broke.
[[nodiscard]] core::Error server_error(const PGresult* result, const PGconn* connection,
                                       const ConnectionParams& params);
/// Of a connection that is gone, or whose frames make no sense to libpq.
[[nodiscard]] core::Error connection_lost(const PGconn* connection, const ConnectionParams& params);
/// Of a connection that was not made. `reason` when libpq does not know it (a timeout of ours); else empty.
[[nodiscard]] core::Error connect_error(const PGconn* connection, const ConnectionParams& params,
                                        std::string_view reason);

/// The SQLSTATE that a verbose connection failure names; empty when the server said nothing.
[[nodiscard]] std::string_view sqlstate_of_failure(std::string_view message);

}  // namespace pg
