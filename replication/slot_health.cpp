#include "replication/slot_health.hpp"

#include <fmt/format.h>

#include "pg/quoting.hpp"
#include "pg/server_version.hpp"

namespace replication {

namespace {

std::string_view invalidation_column(pg::ServerVersion version) {
  if (version.has_invalidation_reason()) return "invalidation_reason";
  if (version.has_slot_conflicts()) return "case when conflicting then 'conflict' end";
  return "null";
}

std::string health_query(pg::ServerVersion version, const std::string& slot) {
  // A literal and not a parameter: walsender connections know simple queries only.
  return fmt::format(
      "with position as (select case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()"
      " else pg_catalog.pg_current_wal_lsn() end as lsn) "
      "select plugin, database, temporary, active_pid, restart_lsn, confirmed_flush_lsn,"
      " pg_catalog.pg_wal_lsn_diff(lsn, restart_lsn)::pg_catalog.int8, {}, {}, lsn, pg_catalog.pg_is_in_recovery() "
      "from pg_catalog.pg_replication_slots, position where slot_name = {}",
      version.has_wal_status() ? "wal_status, safe_wal_size" : "null, null", invalidation_column(version),
      pg::quote_literal(slot));
}

core::Lsn lsn_at(const pg::Result& result, std::size_t column) {
  return core::Lsn::parse(result.text(0, column)).value_or(core::Lsn{});
}

std::optional<std::int64_t> integer_at(const pg::Result& result, std::size_t column) {
  if (!result.get(0, column)) return std::nullopt;
  return result.integer(0, column);
}

template <typename Connection>
std::optional<SlotHealth> read(Connection& connection, const std::string& slot) {
  const pg::Result result = connection.exec(health_query({connection.server_version()}, slot));
  if (result.rows() == 0) return std::nullopt;
  SlotHealth health;
  health.name = slot;
  health.plugin = result.text(0, 0);
  health.database = result.text(0, 1);
  health.is_temporary = result.is_true(0, 2);
  if (const auto pid = integer_at(result, 3)) health.active_pid = static_cast<std::int32_t>(*pid);
  health.restart_lsn = lsn_at(result, 4);
  health.confirmed_flush_lsn = lsn_at(result, 5);
  health.retained_bytes = integer_at(result, 6);
  health.wal_status = result.text(0, 7);
  health.safe_wal_size = integer_at(result, 8);
  health.invalidation_reason = result.text(0, 9);
  health.wal_position = lsn_at(result, 10);
  health.is_on_standby = result.is_true(0, 11);
  return health;
}

}  // namespace

std::optional<SlotHealth> read_slot_health(pg::Session& session, const std::string& slot) {
  return read(session, slot);
}

std::optional<SlotHealth> read_slot_health(pg::ReplicationConnection& connection, const std::string& slot) {
  return read(connection, slot);
}

}  // namespace replication
