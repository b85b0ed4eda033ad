#include "replication/slot.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace replication {

namespace {

core::Error refused(std::string what, const std::string& slot) {
  return core::Error{core::ErrorKind::Refused, std::move(what)}.with("slot", slot);
}

}  // namespace

std::string copy_anew(const std::string& slot) {
  return "copy anew: stop the agent; on the source SELECT pg_drop_replication_slot('" + slot +
         "') if the slot is there; on the target delete the row of this slot from the ledger's table checkpoint; "
         "remove the "
         "state directory; start `agent run`. Rows that are right are not rewritten (docs/checkpoint-decisions.md)";
}

void require_usable(const std::optional<SlotHealth>& health, const SlotNeed& need) {
  if (!health) {
    throw refused("the replication slot does not exist on the source", need.name)
        .with("applied_lsn", need.applied.to_string())
        .remedy(copy_anew(need.name));
  }
  if (health->plugin != "pgoutput") {
    throw refused("the replication slot is not one of this program", need.name)
        .with("plugin", health->plugin.empty() ? "none" : health->plugin)
        .with("expected", "pgoutput")
        .remedy("set source.slot to another name");
  }
  if (health->database != need.database) {
    throw refused("the replication slot belongs to another database", need.name)
        .with("database", health->database)
        .with("expected", need.database)
        .remedy("set source.slot to another name, or source.url to that database");
  }
  if (health->is_temporary) {
    throw refused("the replication slot is a temporary one and would end with its connection", need.name)
        .remedy("set source.slot to another name");
  }
  if (health->is_lost()) {
    throw refused("the source has invalidated the replication slot", need.name)
        .with("wal_status", health->wal_status)
        .with("reason", health->invalidation_reason.empty() ? "unknown" : health->invalidation_reason)
        .with("applied_lsn", need.applied.to_string())
        .remedy("raise max_slot_wal_keep_size on the source, then " + copy_anew(need.name));
  }
  // Not on a standby: what it replays may be behind for a moment after its own restart.
  if (!health->is_on_standby && health->wal_position.is_valid() && health->wal_position < need.applied) {
    throw refused("the source's log ends before what was applied: the source was set back to an earlier moment",
                  need.name)
        .with("source_lsn", health->wal_position.to_string())
        .with("applied_lsn", need.applied.to_string())
        .remedy("connect to the original source; if it is gone for good, " + copy_anew(need.name));
  }
  if (health->confirmed_flush_lsn > need.applied) {
    throw refused(
        "the replication slot is ahead of what was applied: it was made again, or somebody else has read from it",
        need.name)
        .with("confirmed_flush_lsn", health->confirmed_flush_lsn.to_string())
        .with("applied_lsn", need.applied.to_string())
        .remedy(copy_anew(need.name));
  }
  if (health->active_pid) throw slot_in_use(need.name, health->active_pid);
}

core::Error slot_in_use(const std::string& slot, std::optional<std::int32_t> holder) {
  return core::Error{core::ErrorKind::State, "the replication slot is in use by another connection"}
      .with("slot", slot)
      .with("holder_pid", holder ? fmt::to_string(*holder) : "unknown")
      .sqlstate("55006")
      .remedy(
          "if another agent uses this slot, stop one of them; if the connection is a left-over, wait for the source to "
          "end it "
          "(wal_sender_timeout) or end it with pg_terminate_backend")
      .transient();
}

bool end_orphan(pg::Session& session, const std::string& slot, std::string_view application_name) {
  const pg::Result ended = session.exec(
      "select pg_catalog.pg_terminate_backend(a.pid) from pg_catalog.pg_replication_slots s "
      "join pg_catalog.pg_stat_activity a on a.pid = s.active_pid "
      "where s.slot_name = $1::pg_catalog.name and a.application_name = $2",
      {std::string_view{slot}, application_name});
  return ended.rows() == 1 && ended.is_true(0, 0);
}

core::Lsn create_slot(pg::Session& session, const std::string& slot) {
  const pg::Result result =
      session.exec("select lsn from pg_catalog.pg_create_logical_replication_slot($1::pg_catalog.name, 'pgoutput')",
                   {std::string_view{slot}});
  const auto lsn = core::Lsn::parse(result.text(0, 0));
  if (!lsn)
    throw core::Error{core::ErrorKind::Protocol, "the source gave no position for a new slot"}.with("slot", slot);
  return *lsn;
}

bool drop_slot(pg::Session& session, const std::string& slot) {
  const auto health = read_slot_health(session, slot);
  if (!health) return false;
  if (health->active_pid) throw slot_in_use(slot, health->active_pid);
  session.exec("select pg_catalog.pg_drop_replication_slot($1::pg_catalog.name)", {std::string_view{slot}});
  return true;
}

}  // namespace replication
