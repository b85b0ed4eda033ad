#pragma once

#include "pg/catalog.hpp"
#include "pg/session.hpp"

namespace agent {

/// Which cluster, timeline and database a session is connected to. Throws what exec throws.
[[nodiscard]] pg::ServerIdentity read_server_identity(pg::Session& session);

}  // namespace agent
