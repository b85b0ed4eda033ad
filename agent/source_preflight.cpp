#include "agent/source_preflight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "agent/fence_settings.hpp"
#include "agent/name_list.hpp"
#include "agent/source_preflight_sql.hpp"
#include "agent/table_record.hpp"
#include "core/error.hpp"
#include "cutover/source_fence.hpp"
#include "pg/quoting.hpp"
#include "pg/replication_connection.hpp"
#include "pg/server_version.hpp"
#include "replication/publication.hpp"
#include "replication/slot.hpp"
#include "replication/slot_health.hpp"

namespace agent {

namespace {

/// One persistent slot and its walsender, and a temporary one for snapshots, resumed chunks and validation.
constexpr std::int64_t kNeededSlots = 2;
constexpr std::int64_t kNeededWalsenders = 2;
/// What a busy hour may write: with less, a target that is down for an hour costs the slot.
constexpr std::int64_t kSmallWalKeepMegabytes = 4096;
/// A restart of this agent must not cost the slot.
constexpr std::int64_t kShortSlotTimeoutSeconds = 300;

struct Server {
  std::string wal_level;
  bool is_standby = false;
  std::int64_t free_slots = 0;
  std::int64_t free_walsenders = 0;
  bool may_replicate = false;
  std::string role;
  std::string encoding;
  bool may_create = false;  ///< CREATE on the database: a publication needs it
  std::int64_t backend_pid = 0;
  std::optional<std::int64_t> max_slot_wal_keep_megabytes;  ///< -1: no limit; none before 13
  std::optional<std::int64_t> idle_slot_timeout_seconds;    ///< 0: off; none before 18
};

struct TableRights {
  core::QualifiedName name;
  bool may_select = false;
  bool is_owner = false;
  bool policies_apply = false;
  std::string owner;
};

std::optional<std::int64_t> integer_at(const pg::Result& result, std::size_t column) {
  if (!result.get(0, column)) return std::nullopt;
  return result.integer(0, column);
}

Server read_server(pg::Session& session) {
  const pg::Result result = session.exec(source_preflight_sql::kServer);
  return {.wal_level = result.text(0, 0),
          .is_standby = result.is_true(0, 1),
          .free_slots = result.integer(0, 2),
          .free_walsenders = result.integer(0, 3),
          .may_replicate = result.is_true(0, 4),
          .role = result.text(0, 5),
          .encoding = result.text(0, 6),
          .may_create = result.is_true(0, 7),
          .backend_pid = result.integer(0, 8),
          .max_slot_wal_keep_megabytes = integer_at(result, 9),
          .idle_slot_timeout_seconds = integer_at(result, 10)};
}

std::vector<TableRights> read_rights(const SourceView& view) {
  std::string oids = "{";
  for (const core::QualifiedName& name : view.tables) {
    const core::CatalogTable* table = view.catalog.table(name);
    if (table != nullptr) oids += (oids.size() == 1 ? "" : ",") + std::to_string(table->oid.value);
  }
  oids += "}";
  const pg::Result result = view.session.exec(source_preflight_sql::kTables, {std::string_view{oids}});
  std::vector<TableRights> rights;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    rights.push_back({.name = {result.text(row, 0), result.text(row, 1)},
                      .may_select = result.is_true(row, 2),
                      .is_owner = result.is_true(row, 3),
                      .policies_apply = result.is_true(row, 4),
                      .owner = result.text(row, 5)});
  }
  return rights;
}

void judge_server(const Server& server, const SourceView& view, FindingList& findings) {
  const pg::ServerVersion version{view.session.server_version()};
  if (!version.is_supported()) {
    findings.error("the server is older than PostgreSQL 10", "upgrade it: earlier versions have no publications");
  }
  if (version.is_supported() && !version.has_truncate_in_stream()) {
    findings.warning("the server is PostgreSQL 10, which does not send TRUNCATE: such rows would stay on the target",
                     "delete rows instead of truncating, or run `agent snapshot --table T` after each TRUNCATE");
  }
  if (server.wal_level != "logical") {
    findings.error("wal_level is " + server.wal_level + ", so that changes cannot be followed",
                   "ALTER SYSTEM SET wal_level = 'logical'; then restart the server (managed: set its parameter, such "
                   "as rds.logical_replication)");
  }
  if (server.is_standby) {
    findings.error("the server is a standby, where the agent can make neither publication nor heartbeat",
                   "point source.url at the primary");
  }
  if (server.backend_pid != view.session.backend_pid()) {
    findings.error("a connection pooler stands in between: replication cannot pass it",
                   "point source.url at the server itself");
  }
  if (server.encoding == "SQL_ASCII") {
    findings.warning(
        "the database is SQL_ASCII: its bytes come unconverted, and rows that are no UTF-8 will be quarantined",
        "find such rows before the snapshot");
  } else if (server.encoding != "UTF8" && server.encoding != "LATIN1") {
    findings.warning("the database is " + server.encoding +
                         ": a character that UTF-8 does not have stops the snapshot and the stream",
                     "find such rows before the snapshot: convert_to(column, 'UTF8') fails at them");
  }
  if (server.max_slot_wal_keep_megabytes && *server.max_slot_wal_keep_megabytes >= 0 &&
      *server.max_slot_wal_keep_megabytes <= kSmallWalKeepMegabytes) {
    findings.warning(fmt::format("max_slot_wal_keep_size is {} MB: a busy hour without the agent may cost the slot, "
                                 "and the snapshot with it",
                                 *server.max_slot_wal_keep_megabytes),
                     "ALTER SYSTEM SET max_slot_wal_keep_size = '64GB' (or -1), as the disk allows, and reload");
  }
  if (server.idle_slot_timeout_seconds && *server.idle_slot_timeout_seconds > 0 &&
      *server.idle_slot_timeout_seconds <= kShortSlotTimeoutSeconds) {
    findings.warning(fmt::format("idle_replication_slot_timeout is {} s: a short stop of the agent costs the slot",
                                 *server.idle_slot_timeout_seconds),
                     "ALTER SYSTEM SET idle_replication_slot_timeout = 0 and reload");
  }
}

void judge_capacity(const Server& server, bool has_slot, bool has_running_agent, FindingList& findings) {
  const std::int64_t slots = kNeededSlots - (has_slot ? 1 : 0);
  const std::int64_t walsenders = kNeededWalsenders - (has_running_agent ? 1 : 0);
  const auto judge = [&](std::int64_t free, std::int64_t needed, const std::string& what, const std::string& setting) {
    if (free >= needed) return;
    const std::string message = fmt::format("{} free {}, and the agent needs {}", free, what, needed);
    const std::string remedy = fmt::format("raise {} and restart the server, or drop what is not used", setting);
    if (free <= 0) {
      findings.error(message, remedy);
    } else {
      findings.warning(message, remedy);
    }
  };
  judge(server.free_slots, slots, "replication slots", "max_replication_slots");
  judge(server.free_walsenders, walsenders, "walsenders", "max_wal_senders");
}

/// Connects as the agent will, several times: proves the role's right and pg_hba.conf, and that the name reaches one server only.
void judge_replication(const Server& server, const SourceView& view, FindingList& findings) {
  constexpr int kConnects = 3;
  const std::string grant = "ALTER ROLE " + pg::quote_identifier(server.role) +
                            " REPLICATION (managed: GRANT the provider's role, such as rds_replication)";
  if (server.free_walsenders <= 0) {
    if (!server.may_replicate) findings.error("the role " + server.role + " lacks the attribute REPLICATION", grant);
    return;
  }
  try {
    std::optional<pg::ServerIdentity> first;
    for (int i = 0; i < kConnects; ++i) {
      pg::ReplicationConnection connection(view.session.params(), "check");
      const pg::ServerIdentity identity = connection.identify_system();
      if (first && !(identity == *first)) {
        findings.error("the host name leads to different servers: system identifiers " + first->system_identifier +
                           " (timeline " + std::to_string(first->timeline) + ") and " + identity.system_identifier +
                           " (timeline " + std::to_string(identity.timeline) + ")",
                       "name one host in source.url: a slot lives on one server");
        return;
      }
      first = identity;
    }
  } catch (const core::Error& error) {
    const std::string code = error.sqlstate().empty() ? "" : " (SQLSTATE " + error.sqlstate() + ")";
    if (!server.may_replicate) {
      findings.error("the role " + server.role + " may not replicate: " + error.message() + code, grant);
    } else {
      findings.error("no replication connection: " + error.message() + code, error.remedy());
    }
  }
}

void judge_obstacles(const SourceView& view, FindingList& findings) {
  std::map<core::Oid, std::string> names;
  std::vector<core::Oid> oids;
  for (const core::QualifiedName& name : view.tables) {
    const core::CatalogTable* table = view.catalog.table(name);
    if (table == nullptr) continue;
    oids.push_back(table->oid);
    names.emplace(table->oid, name.display());
  }
  for (const auto& [oid, obstacle] : read_obstacles(view.session, oids)) {
    findings.error("not all changes of " + names.at(oid) + " come in the stream: " + obstacle.what, obstacle.remedy);
  }
}

void judge_tables(const SourceView& view, const Server& server, const std::vector<TableRights>& rights,
                  FindingList& findings) {
  const std::string role = pg::quote_identifier(server.role);
  std::vector<std::string> unreadable;
  std::vector<std::string> hidden;
  std::vector<std::string> without_identity;
  std::vector<std::string> partitioned;
  for (const TableRights& table : rights) {
    if (!table.may_select) unreadable.push_back(table.name.display());
    if (table.policies_apply) hidden.push_back(table.name.display());
    const core::CatalogTable* entry = view.catalog.table(table.name);
    if (entry != nullptr && entry->identity == core::ReplicaIdentity::Nothing)
      without_identity.push_back(table.name.display());
    if (entry != nullptr && entry->kind == 'p') partitioned.push_back(table.name.display());
  }
  if (!unreadable.empty()) {
    findings.error("the role " + server.role + " may not read " + name_list(unreadable),
                   "GRANT USAGE ON SCHEMA and GRANT SELECT ON these tables TO " + role);
  }
  if (!hidden.empty()) {
    findings.error("row-level security hides rows of " + name_list(hidden) + " from the role " + server.role,
                   "ALTER ROLE " + role + " BYPASSRLS, or let it own the tables without FORCE ROW LEVEL SECURITY");
  }
  if (!without_identity.empty()) {
    findings.error("REPLICA IDENTITY is NOTHING on " + name_list(without_identity) +
                       ": once published, the application's own UPDATE and DELETE would fail",
                   "ALTER TABLE … REPLICA IDENTITY DEFAULT");
  }
  if (!partitioned.empty() && !pg::ServerVersion{view.session.server_version()}.has_publish_via_root()) {
    findings.error(
        "before version 13 PostgreSQL cannot publish a partitioned table as a whole: " + name_list(partitioned),
        "write routes from the partitions themselves, or upgrade the source");
  } else if (!partitioned.empty()) {
    findings.warning(
        "rows that leave " + name_list(partitioned) +
            " by TRUNCATE, DETACH or DROP of a single partition are not in the stream",
        "delete such rows, or truncate the whole table; after such an operation run `agent snapshot --table`");
  }
}

/// Whether the agent can make the publication itself.
void judge_publication_rights(const SourceView& view, const Server& server, const std::vector<TableRights>& rights,
                              FindingList& findings) {
  std::vector<std::string> foreign;
  std::string owner;
  for (const TableRights& table : rights) {
    if (table.is_owner) continue;
    foreign.push_back(table.name.display());
    owner = table.owner;
  }
  if (foreign.empty() && server.may_create) return;
  const std::string remedy =
      "let the owner run: CREATE PUBLICATION " + pg::quote_identifier(view.config.source.publication) + " FOR TABLE " +
      (rights.size() > 8 ? std::string("…all tables of the mapping…") : [&] {
        std::string list;
        for (const TableRights& table : rights) list += (list.empty() ? "" : ", ") + pg::quote_name(table.name);
        return list;
      }()) +
      (pg::ServerVersion{view.session.server_version()}.has_publish_via_root() ? " WITH (publish_via_partition_root = true)" : "");
  if (!foreign.empty()) {
    findings.error(
        "the publication " + view.config.source.publication + " does not exist, and the role " + server.role +
            " cannot make it: it does not own " + name_list(foreign),
        "GRANT " + pg::quote_identifier(owner) + " TO " + pg::quote_identifier(server.role) + ", or " + remedy);
  } else {
    findings.error("the publication " + view.config.source.publication + " does not exist, and the role " +
                       server.role + " cannot make it: it lacks CREATE on the database",
                   "GRANT CREATE ON DATABASE … TO " + pg::quote_identifier(server.role) + ", or " + remedy);
  }
}

/// An agent ran here before: what is on the source is most likely its own.
bool has_local_state(const Config& config) {
  std::error_code ignored;
  return std::filesystem::exists(config.state_dir, ignored) && !std::filesystem::is_empty(config.state_dir, ignored);
}

void judge_publication(const SourceView& view, const Server& server, const std::vector<TableRights>& rights,
                       FindingList& findings) {
  const std::string& name = view.config.source.publication;
  const auto publication = replication::read_publication(view.session, name);
  if (!publication) {
    if (view.checkpoint) {
      findings.error(
          "the publication " + name + " is gone, although this target is synced from it: changes since may be missing",
          "make it again, then run `agent validate`");
    } else {
      judge_publication_rights(view, server, rights, findings);
    }
    return;
  }
  const replication::PublicationDifference difference = replication::compare(*publication, view.tables);
  if (difference.is_complete()) {
    if (!difference.extra.empty())
      findings.info("the publication " + name + " holds more than is needed: " + difference.describe());
  } else {
    findings.error("the publication " + name + " does not cover the mapping: " + difference.describe(),
                   "drop it (the agent makes its own), or ALTER PUBLICATION " + pg::quote_identifier(name) +
                       " SET TABLE … with all tables of the mapping, whole");
  }
  if (difference.is_for_more_than_tables) {
    findings.warning("the publication " + name +
                         " names no tables but all of them, or schemas: changes of one that is made UNLOGGED, or moved "
                         "to another schema, and back within seconds are missed without a word",
                     "before the first start, drop it: the agent makes its own, for whose tables the server refuses "
                     "that. Else run `agent snapshot --table TABLE` after it was done to one");
  }
  const pg::Result younger = view.session.exec(source_preflight_sql::kPublicationIsYounger,
                                               {std::string_view{name}, std::string_view{view.config.source.slot}});
  if (younger.rows() > 0 && younger.is_true(0, 0)) {
    findings.warning("the publication " + name + " may have been made after the slot " + view.config.source.slot +
                         ": the server cannot decode changes that are older than it",
                     view.is_checkpoint_known && !view.checkpoint && !has_local_state(view.config)
                         ? "drop the slot, and let the agent make both in the right order"
                         : "nothing, if it was only altered; if it was made again, " +
                               replication::copy_anew(view.config.source.slot));
  }
}

void judge_subscriptions(const SourceView& view, FindingList& findings) {
  const pg::Result subscriptions = view.session.exec(source_preflight_sql::kSubscriptions);
  for (std::size_t row = 0; row < subscriptions.rows(); ++row) {
    findings.warning("the source subscribes to " + subscriptions.text(row, 1) + " (subscription " +
                         subscriptions.text(row, 0) + "): changes that come from the target would go in a circle",
                     "make sure that it does not lead to the target: ALTER SUBSCRIPTION … DISABLE if it does");
  }
}

void judge_slot_without_checkpoint(const SourceView& view, const std::string& drop, FindingList& findings) {
  const std::string state = view.config.state_dir.string();
  findings.warning("the slot " + view.config.source.slot +
                       " exists, but this target has no checkpoint for it: nobody knows what was read from it",
                   has_local_state(view.config)
                       ? "do not drop the slot: an agent ran with the state directory " + state +
                             ". Look whether target.url and target.ledger_schema are those of that run, and restore "
                             "the ledger schema "
                             "with the data if it is gone (docs/checkpoint-decisions.md)"
                       : "look whether target.url and target.ledger_schema are those that it was made for; or " + drop);
}

void judge_slot(const SourceView& view, const std::optional<replication::SlotHealth>& slot, FindingList& findings) {
  const std::string& name = view.config.source.slot;
  if (!slot) {
    if (view.checkpoint) {
      findings.error(
          "the slot " + name + " is gone: changes since " + view.checkpoint->applied.to_string() + " are lost",
          replication::copy_anew(name));
    }
    return;
  }
  const std::string drop =
      "set source.slot to another name; if nobody needs that slot: SELECT pg_drop_replication_slot('" + name + "')";
  if (slot->plugin != "pgoutput") {
    findings.error("the slot " + name + " is of " +
                       (slot->plugin.empty() ? "physical replication" : "the plugin " + slot->plugin) +
                       ", not of pgoutput",
                   drop);
  }
  const pg::Result database = view.session.exec("select pg_catalog.current_database()");
  if (!slot->database.empty() && slot->database != database.text(0, 0)) {
    findings.error(
        "the slot " + name + " belongs to the database " + slot->database + ", not to " + database.text(0, 0),
        "set source.url to that database, or source.slot to another name");
  }
  if (slot->is_temporary) findings.error("the slot " + name + " is a temporary one of another session", drop);
  if (slot->is_lost()) {
    findings.error(
        "the slot " + name + " is lost (" +
            (slot->invalidation_reason.empty() ? slot->wal_status : slot->invalidation_reason) +
            "): the server has removed WAL that it needed",
        "drop it, then take a new snapshot, which writes just the differences; raise max_slot_wal_keep_size");
  } else if (slot->is_endangered()) {
    findings.warning("the slot " + name + " is about to be lost: its WAL goes at the server's next checkpoint",
                     "start the agent now, or raise max_slot_wal_keep_size and reload");
  }
  if (slot->active_pid && !view.has_running_agent) {
    findings.error("the slot " + name + " is in use by another connection, pid " + std::to_string(*slot->active_pid),
                   "stop the other agent; if none runs, it is an orphan that ends with wal_sender_timeout");
  }
  if (!view.checkpoint) {
    if (view.is_checkpoint_known) judge_slot_without_checkpoint(view, drop, findings);
  } else if (slot->confirmed_flush_lsn > view.checkpoint->applied) {
    findings.error("the slot " + name + " was read by somebody else up to " + slot->confirmed_flush_lsn.to_string() +
                       ", beyond the target's checkpoint " + view.checkpoint->applied.to_string() +
                       ": changes in between are missing",
                   replication::copy_anew(name));
  }
}

/// Which fences a cutover could put up.
void judge_fence(const SourceView& view, FindingList& findings) {
  if (view.tables.empty()) return;
  cutover::SourceFence fence{view.session, fence_settings(view.config, view.tables)};
  std::string possible;
  std::string missing;
  for (const cutover::FenceOption& option : fence.options()) {
    const std::string name{to_string(option.method)};
    if (option.obstacle.empty()) {
      possible += (possible.empty() ? "" : ", ") + name;
    } else if (possible.empty()) {
      // Of no interest once there is a stronger one.
      missing += (missing.empty() ? "" : "; ") + name + ": " + option.obstacle;
    }
  }
  if (possible.empty()) {
    findings.warning("no fence can be put up around the source, so that a cutover would be refused", missing);
  } else {
    findings.info("a cutover can fence the source, the first of these is used: " + possible +
                  (missing.empty() ? "" : "; not possible: " + missing));
  }
}

}  // namespace

std::vector<Finding> inspect_source(const SourceView& view) {
  FindingList findings(Area::Source);
  const Server server = read_server(view.session);
  const std::vector<TableRights> rights = read_rights(view);
  const auto slot = replication::read_slot_health(view.session, view.config.source.slot);
  judge_server(server, view, findings);
  judge_capacity(server, slot.has_value(), view.has_running_agent, findings);
  judge_replication(server, view, findings);
  judge_tables(view, server, rights, findings);
  judge_obstacles(view, findings);
  judge_publication(view, server, rights, findings);
  judge_slot(view, slot, findings);
  judge_subscriptions(view, findings);
  judge_fence(view, findings);
  return std::move(findings).take();
}

}  // namespace agent
