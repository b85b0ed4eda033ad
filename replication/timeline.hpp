#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/lsn.hpp"
#include "pg/catalog.hpp"
#include "pg/replication_connection.hpp"

namespace replication {

/// Where a history left a timeline, by the text of the server's timeline history file; nothing when the history never was on it.
[[nodiscard]] std::optional<core::Lsn> left_timeline_at(std::string_view history, std::uint32_t timeline);

/// Throws Error(Refused), naming both, unless the server is the one whose changes were applied up to `applied`: the same cluster and
/// database, and either the same timeline or a later one that left it at or after `applied`, so that everything applied is in the
/// server's own history. Which changes follow is for the slot to say.
void require_same_history(pg::ReplicationConnection& connection, const pg::ServerIdentity& copied, core::Lsn applied,
                          const std::string& slot);

}  // namespace replication
