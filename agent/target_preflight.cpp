#include "agent/target_preflight.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>

#include "agent/name_list.hpp"
#include "agent/target_preflight_sql.hpp"
#include "core/array_literal.hpp"
#include "core/error.hpp"
#include "cutover/settle.hpp"
#include "pg/quoting.hpp"

namespace agent {

namespace {

std::string oid_array(const TargetView& view) {
  std::string oids = "{";
  for (const core::QualifiedName& name : view.tables) {
    const core::CatalogTable* table = view.catalog.table(name);
    if (table != nullptr) oids += (oids.size() == 1 ? "" : ",") + std::to_string(table->oid.value);
  }
  return oids + "}";
}

std::string display(const pg::Result& result, std::size_t row) {
  return core::QualifiedName{result.text(row, 0), result.text(row, 1)}.display();
}

/// The server and the ledger's schema. Returns the role's name.
std::string judge_server(const TargetView& view, FindingList& findings) {
  const std::string& schema = view.config.target.ledger_schema;
  const pg::Result server = view.session.exec(target_preflight_sql::kServer, {std::string_view{schema}});
  const std::string role = server.text(0, 2);
  if (server.is_true(0, 0)) {
    findings.error("the target is a standby and cannot be written", "point target.url at the primary");
  } else if (server.is_true(0, 1)) {
    findings.error("transactions on the target are read-only",
                   "ALTER ROLE " + pg::quote_identifier(role) + " RESET default_transaction_read_only");
  }
  if (server.integer(0, 3) != view.session.backend_pid()) {
    findings.warning(
        "a connection pooler stands in between: only one in session mode keeps settings, temporary tables and locks",
        "point target.url at the server itself, or make sure that the pooler is in session mode");
  }
  if (server.text(0, 4) != "UTF8") {
    findings.warning(
        "the target's encoding is " + server.text(0, 4) + ": text that it does not know will be quarantined",
        "use a UTF8 database");
  }
  const bool has_schema = server.get(0, 7).has_value();
  if (has_schema && !server.is_true(0, 7)) {
    findings.error("the ledger's schema " + schema + " belongs to " + server.text(0, 8) + ", not to the role " + role,
                   "ALTER SCHEMA " + pg::quote_identifier(schema) + " OWNER TO " + pg::quote_identifier(role) +
                       ", or set target.ledger_schema");
  } else if (!has_schema && !server.is_true(0, 5)) {
    findings.error("the role " + role + " may not create the ledger's schema " + schema,
                   "GRANT CREATE ON DATABASE " + pg::quote_identifier(server.text(0, 6)) + " TO " +
                       pg::quote_identifier(role) + ", or let an administrator run CREATE SCHEMA " +
                       pg::quote_identifier(schema) + " AUTHORIZATION " + pg::quote_identifier(role));
  }
  return role;
}

void judge_tables(const TargetView& view, const std::string& oids, const std::string& role, FindingList& findings) {
  constexpr std::array<std::pair<std::size_t, const char*>, 4> kRights{
      {{3, "SELECT"}, {4, "INSERT"}, {5, "UPDATE"}, {6, "DELETE"}}};
  const std::string quoted_role = pg::quote_identifier(role);
  const pg::Result tables = view.session.exec(target_preflight_sql::kTables, {std::string_view{oids}});

  std::vector<std::string> without_schema;
  std::vector<std::string> policed;
  std::vector<std::string> forced;
  for (std::size_t row = 0; row < tables.rows(); ++row) {
    if (!tables.is_true(row, 2)) without_schema.push_back(display(tables, row));
    if (tables.is_true(row, 7)) (tables.is_true(row, 8) ? forced : policed).push_back(display(tables, row));
  }
  if (!without_schema.empty()) {
    findings.error("the role " + role + " may not use the schema of " + name_list(without_schema),
                   "GRANT USAGE ON SCHEMA … TO " + quoted_role);
  }
  for (const auto& [column, right] : kRights) {
    std::vector<std::string> missing;
    for (std::size_t row = 0; row < tables.rows(); ++row) {
      if (!tables.is_true(row, column)) missing.push_back(display(tables, row));
    }
    if (missing.empty()) continue;
    findings.error("the role " + role + " lacks " + right + " on " + name_list(missing),
                   std::string("GRANT SELECT, INSERT, UPDATE, DELETE ON these tables TO ") + quoted_role);
  }
  if (!forced.empty()) {
    findings.error("FORCE ROW LEVEL SECURITY subjects the role " + role + " to the policies of " + name_list(forced) +
                       ", though it owns them",
                   "ALTER ROLE " + quoted_role + " BYPASSRLS, or ALTER TABLE … NO FORCE ROW LEVEL SECURITY");
  }
  if (!policed.empty()) {
    findings.error("row-level security hides rows of " + name_list(policed) + " from the role " + role,
                   "ALTER ROLE " + quoted_role + " BYPASSRLS, or let it own the tables");
  }
}

/// Whether this role may switch ordinary triggers and foreign-key checks off, as replication does.
bool may_set_replication_role(pg::Session& session) {
  const pg::TransactionBlock block(session);
  try {
    session.exec("set local session_replication_role = replica");
    return session.exec("show session_replication_role").text(0, 0) == "replica";
  } catch (const core::Error& error) {
    if (session.is_broken()) throw;
    return false;
  }
}

void judge_triggers(const TargetView& view, const std::string& oids, const std::string& role, FindingList& findings) {
  const bool is_quiet = may_set_replication_role(view.session);
  const pg::Result triggers = view.session.exec(target_preflight_sql::kTriggers, {std::string_view{oids}});
  std::vector<std::string> always;
  std::vector<std::string> changing;
  std::vector<std::string> firing;
  for (std::size_t row = 0; row < triggers.rows(); ++row) {
    const std::string name = display(triggers, row) + "." + triggers.text(row, 2);
    if (triggers.text(row, 3) != "O") {
      always.push_back(name);
    } else if (triggers.is_true(row, 4)) {
      changing.push_back(name);
    } else {
      firing.push_back(name);
    }
  }
  if (!always.empty()) {
    findings.warning("triggers that are ENABLE ALWAYS or ENABLE REPLICA fire for every row that the agent writes: " +
                         name_list(always),
                     "make sure that they change nothing that the mapping writes, or disable them until cutover");
  }
  if (is_quiet) {
    findings.info(
        "the role " + role +
        " may set session_replication_role: ordinary triggers and foreign-key checks rest while the agent writes");
    return;
  }
  findings.warning(
      "the role " + role +
          " may not set session_replication_role: foreign keys are checked and triggers fire while the agent writes",
      "GRANT SET ON PARAMETER session_replication_role TO " + pg::quote_identifier(role) +
          " (PostgreSQL 15 and later); without it the agent works, but slower");
  if (!changing.empty()) {
    findings.warning(
        "BEFORE triggers may change what the agent writes, and its rows would then differ from the mapping: " +
            name_list(changing),
        "disable them until cutover: ALTER TABLE … DISABLE TRIGGER …");
  }
  if (!firing.empty()) {
    findings.warning("triggers fire for every row that the agent writes: " + name_list(firing),
                     "disable them until cutover if they have effects outside of their row");
  }
}

/// What a cutover would be refused for, when it is about to make the target ready for its writers.
void judge_settling(const TargetView& view, FindingList& findings) {
  const pg::TransactionBlock block(view.session);  // rolled back: the look sets how names are shown
  try {
    static_cast<void>(cutover::settle_plan(view.session, {.ledger_schema = view.config.target.ledger_schema,
                                                          .actor = {},
                                                          .tables = view.tables,
                                                          .keep_disabled = view.keep_disabled}));
  } catch (const core::Error& error) {
    if (view.session.is_broken()) throw;
    if (error.kind() != core::ErrorKind::Refused) return;  // tables that it may not even see: told already
    std::string message = "a cutover would be refused: " + error.message();
    for (const auto& [name, value] : error.context()) message += " " + name + "=" + value;
    findings.warning(std::move(message), error.remedy());
  }
}

}  // namespace

std::vector<Finding> inspect_target(const TargetView& view) {
  FindingList findings(Area::Target);
  const std::string role = judge_server(view, findings);
  const std::string oids = oid_array(view);
  judge_tables(view, oids, role, findings);
  judge_triggers(view, oids, role, findings);
  judge_settling(view, findings);
  std::vector<Finding> all = std::move(findings).take();
  std::ranges::move(judge_deferrable_constraints(view.session, view.tables), std::back_inserter(all));
  return all;
}

std::vector<Finding> judge_deferrable_constraints(pg::Session& session, const std::set<core::QualifiedName>& tables) {
  std::vector<std::string> schemas;
  std::vector<std::string> names;
  for (const core::QualifiedName& table : tables) {
    schemas.push_back(table.schema);
    names.push_back(table.name);
  }
  const std::string schema_array = core::text_array(schemas);
  const std::string name_array = core::text_array(names);
  const pg::Result found =
      session.exec(target_preflight_sql::kDeferrable, {std::string_view{schema_array}, std::string_view{name_array}});
  FindingList findings(Area::Target);
  if (found.rows() == 0) return {};
  const bool rests = may_set_replication_role(session);
  const std::string role = session.exec("select current_user").text(0, 0);
  for (std::size_t row = 0; row < found.rows(); ++row) {
    const std::string name = "constraint " + found.text(row, 2) + " of " + display(found, row);
    const std::string constraint = pg::quote_identifier(found.text(row, 2));
    const std::string remedy = "make it NOT DEFERRABLE, for good or until the cutover: ALTER TABLE " +
                               pg::quote_identifier(found.text(row, 0)) + "." +
                               pg::quote_identifier(found.text(row, 1)) + " DROP CONSTRAINT " + constraint +
                               ", ADD CONSTRAINT " + constraint + " " + found.text(row, 3);
    if (rests) {
      findings.error(
          name +
              " is deferrable: the server checks such constraints by triggers, which rest while the agent writes, "
              "so that rows that violate it would be written without a word",
          remedy +
              "; or let the agent write as a role that may not set session_replication_role (REVOKE SET ON PARAMETER "
              "session_replication_role FROM " +
              pg::quote_identifier(role) +
              "): then the server checks it, and one that is INITIALLY DEFERRED at COMMIT, where a violation stops the "
              "agent");
    } else if (found.is_true(row, 4)) {
      findings.warning(
          name + " is checked at COMMIT only: rows that violate it stop the agent instead of being quarantined",
          remedy);
    }
  }
  return std::move(findings).take();
}

}  // namespace agent
