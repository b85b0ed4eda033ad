#pragma once

#include <string>
#include <string_view>

#include "core/lsn.hpp"
#include "pg/server_version.hpp"

namespace replication {

/// START_REPLICATION with the plugin options that a server of this version knows: protocol 1 before 14; from 14 protocol 2 with
/// logical messages and, if wanted, with streaming of large transactions before they commit. Nothing else is asked for on newer
/// servers, so that one layout of messages serves all.
[[nodiscard]] std::string start_command(pg::ServerVersion version, std::string_view slot, core::Lsn start,
                                        std::string_view publication, bool streams_uncommitted);

}  // namespace replication
