#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/lsn.hpp"
#include "pg/replication_connection.hpp"
#include "pg/session.hpp"

namespace replication {

/// What pg_replication_slots says of a slot. Fields that the server's version does not have are empty.
struct SlotHealth {
  std::string name;
  std::string plugin;    ///< empty for a physical slot
  std::string database;  ///< empty for a physical slot
  bool is_temporary = false;
  std::optional<std::int32_t> active_pid;
  core::Lsn restart_lsn;  ///< from here on the server keeps WAL; 0/0 when it keeps none any more
  core::Lsn confirmed_flush_lsn;
  std::optional<std::int64_t> retained_bytes;  ///< WAL that the slot holds back
  std::string wal_status;                      ///< 13+: reserved, extended, unreserved, lost
  std::optional<std::int64_t> safe_wal_size;   ///< 13+: bytes until the slot may be lost; empty without a limit
  std::string invalidation_reason;             ///< 17+ (16: "conflict")
  core::Lsn wal_position;                      ///< where the server writes now (on a standby: what it has replayed)
  bool is_on_standby = false;                  ///< the server replays another one's log

  /// The slot can no longer deliver everything since its confirmed position.
  [[nodiscard]] bool is_lost() const { return wal_status == "lost" || !invalidation_reason.empty(); }
  /// More than half of what the slot keeps is kept though it was confirmed: it moves no further than the oldest transaction that is still open.
  [[nodiscard]] bool is_held_back() const {
    return confirmed_flush_lsn.bytes() - restart_lsn.bytes() > wal_position.bytes() - confirmed_flush_lsn.bytes();
  }
  /// WAL that the slot needs may be removed at the next checkpoint of the server.
  [[nodiscard]] bool is_endangered() const { return wal_status == "unreserved"; }
};

/// Looks at a slot; nothing when there is none of that name. Throws what exec throws.
[[nodiscard]] std::optional<SlotHealth> read_slot_health(pg::Session& session, const std::string& slot);
[[nodiscard]] std::optional<SlotHealth> read_slot_health(pg::ReplicationConnection& connection,
                                                         const std::string& slot);

}  // namespace replication
