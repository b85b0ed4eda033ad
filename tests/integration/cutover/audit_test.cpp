// Who did what: the ledger has a line of everything that changes something, and none of what does not.
#include <pwd.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/small_pair.hpp"

namespace {

constexpr int kLeft = 1;  // rows that are still refused

// Every text of a row says `secret`, on both sides.
const std::string kSource = R"sql(
CREATE TABLE client (id integer PRIMARY KEY, name text);
CREATE TABLE sale (id integer PRIMARY KEY, client_id integer, note text);
INSERT INTO client SELECT i, 'secret ' || i FROM generate_series(1, 20) i;
INSERT INTO sale SELECT i, i % 20 + 1, 'secret ' || i FROM generate_series(1, 40) i;
)sql";

// Two clients of an earlier migration, whose ids are adopted, and a column to clean up.
const std::string kTarget = R"sql(
CREATE TABLE clients (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, legacy_id integer, old text);
CREATE TABLE sales (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), client uuid REFERENCES clients, note text, legacy_id integer);
INSERT INTO clients (name, legacy_id, old) VALUES ('secret 1', 1, 'secret'), ('secret 2', 2, 'secret');
)sql";

const std::string kClients = R"yaml(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
entities:
  client:
    adopt: SELECT legacy_id, id FROM clients WHERE legacy_id IS NOT NULL
cleanup: { drop_columns: { clients: [old] } }
routes:
  - from: client
    to: clients
    entity: client
    columns: { name: name, legacy_id: id }
)yaml";

const std::string kSales = R"yaml(  - from: sale
    to: sales
    entity: sale
    columns: { client: "ref('client', client_id)", note: NOTE, legacy_id: id }
)yaml";

std::string mapping(const std::string& note) {
  std::string sales = kSales;
  return kClients + sales.replace(sales.find("NOTE"), 4, note);
}

/// The name under which the kernel knows who runs this.
std::string me() { return getpwuid(geteuid())->pw_name; }

struct Firm : tests::SmallPair {
  Firm() : SmallPair(kSource, kTarget, mapping("note")) {
    agent.options().max_quarantine = "50%";
    agent.configure();
  }

  void use_mapping(const std::string& note) {
    agent.options().mapping = mapping(note);
    agent.configure();
  }
  [[nodiscard]] std::string ledger(const std::string& query) const {
    return tests::as_text(target_admin.query_rows(query));
  }
  /// Lines of migration_control, as `route|status|…`.
  [[nodiscard]] std::string control(const std::string& phase, const std::string& detail) const {
    return ledger("SELECT route, status, " + detail + " FROM dispatch_sync.migration_control WHERE phase = '" + phase +
                  "' ORDER BY started_at, route");
  }
  /// Rows that are refused where the chunks of several snapshots met may be tried once more by the sync itself, with a line: that is none of
  /// the next command's.
  void bring_over() {
    SmallPair::bring_over();
    see();
  }
  /// What a command left in audit_log, as lines `command|phase|…`, by this SQL of its detail.
  std::string left(const std::vector<std::string>& command, const std::string& detail = "null::text", int exit_code = 0,
                   const tests::AgentUnderTest::Environment& environment = {}) {
    const tests::CommandResult result = agent.command(command, environment);
    BOOST_TEST(result.exit_code == exit_code, command.front() << ": " << result.out << result.err);
    const std::string since = seen_;
    see();
    return tests::as_text(target_admin.query_rows(
        "SELECT command, phase, " + detail + " FROM dispatch_sync.audit_log WHERE id > " + since + " ORDER BY id"));
  }

 private:
  void see() { seen_ = target_admin.query_value("SELECT max(id) FROM dispatch_sync.audit_log").value(); }

  std::string seen_ = "0";
};

}  // namespace

// reliability 104
BOOST_AUTO_TEST_CASE(whatever_changes_something_leaves_its_line_and_what_does_not_leaves_none) {
  Firm firm;
  const std::string copied = "coalesce(detail ->> 'kind', detail ->> 'new')";

#ifdef AGENT_FAILPOINTS
  BOOST_TEST(firm.left({"snapshot"}, copied, tests::kKilled, {{"AGENT_FAILPOINTS", "after_chunk_finished=kill"}}) ==
             "snapshot|start|null\nsnapshot|begin|first\nsnapshot|adopted|2\n");
  BOOST_TEST(firm.left({"snapshot"}, copied) == "snapshot|begin|resumed\nsnapshot|finished|null\n");
#else
  BOOST_TEST(firm.left({"snapshot"}, copied) ==
             "snapshot|start|null\nsnapshot|begin|first\nsnapshot|adopted|2\nsnapshot|finished|null\n");
#endif
  BOOST_TEST(firm.left({"snapshot", "--table", "sale"}, "detail ->> 'kind', detail ->> 'tables'") ==
             "snapshot|begin|differential|[\"sale\"]\nsnapshot|finished|null|null\n");
  firm.use_mapping("upper(note)");
  BOOST_TEST(
      firm.left({"snapshot"}, "detail ->> 'kind', detail -> 'mapping' ->> 'changed', detail ->> 'rows_written'") ==
      "snapshot|begin|differential|[\"sales\"]|null\nsnapshot|finished|null|null|40\n");
  BOOST_TEST(firm.left({"sync", "--until-current"}) == "");

  firm.target.exec("INSERT INTO clients (name, legacy_id) VALUES ('secret 21', 21)");
  BOOST_TEST(firm.left({"mapping", "adopt"}, "detail ->> 'entity', detail ->> 'keys', detail ->> 'new'") ==
             "mapping adopt|adopted|client|3|1\n");
  BOOST_TEST(firm.left({"mapping", "adopt"}) == "");
  firm.source.exec("INSERT INTO client VALUES (21, 'secret 21')");

  firm.target.exec("ALTER TABLE sales ADD CONSTRAINT no_bad CHECK (note <> 'SECRET BAD')");
  firm.source.exec("INSERT INTO sale VALUES (101, 1, 'secret bad'), (102, 1, 'secret bad')");
  firm.bring_over();
  const std::string retried = "detail ->> 'retried', detail ->> 'applied', detail ->> 'still'";
  BOOST_TEST(firm.left({"quarantine", "list"}) == "");
  BOOST_TEST(firm.left({"quarantine", "retry"}, retried, kLeft) == "quarantine retry||2|0|2\n");
  BOOST_TEST(firm.left({"quarantine", "discard", "101", "--reason", "known"},
                       "detail ->> 'quarantined', detail ->> 'reason'") == "quarantine discard||1|known\n");
  firm.target.exec("ALTER TABLE sales DROP CONSTRAINT no_bad");
  BOOST_TEST(firm.left({"quarantine", "retry"}, retried) == "quarantine retry||1|1|0\n");
  BOOST_TEST(firm.left({"quarantine", "retry"}) == "");
  firm.source.exec("DELETE FROM sale WHERE id = 101");
  firm.bring_over();

  firm.target.exec("UPDATE clients SET name = 'secretly wrong' WHERE legacy_id = 5");
  BOOST_TEST(firm.left({"validate"}, "null::text", 1) == "");
  BOOST_TEST(firm.left({"repair", "--dry-run"}, "null::text", 1) == "");
  BOOST_TEST(firm.left({"repair"}, "detail ->> 'looked_at', detail ->> 'written', detail ->> 'removed'") ==
             "repair||1|1|0\n");
  BOOST_TEST(firm.left({"validate"}) == "");
  BOOST_TEST(firm.control("validate", "detail ->> 'match', detail ->> 'actor' LIKE '" + me() + "%'") ==
             "|done|false|t\n|done|true|t\n|done|true|t\n");

  const std::string cleaned = "detail ->> 'columns', detail ->> 'statements'";
  BOOST_TEST(firm.left({"cleanup", "--dry-run"}) == "");
  BOOST_TEST(firm.left({"cleanup", "--yes"}, cleaned) == "cleanup|clients|[\"old\"]|null\n");
  BOOST_TEST(firm.left({"cleanup", "--yes"}) == "");
  BOOST_TEST(firm.left({"rollback", "cleanup", "--dry-run"}) == "");
  BOOST_TEST(firm.left({"rollback", "cleanup", "--yes"}, cleaned) == "rollback cleanup|clients|null|1\n");

  const std::string status = "detail ->> 'status'";
  BOOST_TEST(firm.left({"cutover", "--dry-run"}) == "");
  std::string steps = "cutover|cutover|running\n";
  for (const std::string step : {"fence", "drain", "validate", "settle", "mappings", "cleanup", "release", "report"}) {
    if (step != "report") steps += "cutover|" + step + "|running\n";
    if (step == "settle") steps += "cutover|settled|null\n";
    if (step == "mappings") steps += "cutover|mappings|null\n";
    if (step == "cleanup") steps += "cleanup|clients|null\n";
    steps += "cutover|" + step + "|done\n";
  }
  steps += "cutover|cutover|done\n";
  const std::string switched = firm.left({"cutover", "--yes"}, status);
  BOOST_TEST((switched == steps), switched);
  BOOST_TEST(firm.left({"cutover", "--yes"}) == "");
  BOOST_TEST(firm.left({"rollback", "cutover", "--dry-run"}) == "");
  BOOST_TEST(
      firm.left({"rollback", "cutover", "--yes"}, status) ==
      "rollback cutover|cutover|rolling back\nrollback cutover|mappings|null\nrollback cutover|cutover|rolled back\n");
  BOOST_TEST(firm.control("cutover", "run = min(run) OVER ()") ==
             "|rolled "
             "back|t\nfence|done|t\ndrain|done|t\nvalidate|done|t\nsettle|done|t\nmappings|done|t\ncleanup|done|"
             "t\nrelease|done|t\nreport|done|t\n");

  BOOST_TEST(firm.left({"snapshot"}, copied) ==
             "snapshot|start|null\nsnapshot|begin|differential\nsnapshot|finished|null\n");
  BOOST_TEST(firm.left({"rollback", "snapshot", "--dry-run"}) == "");
  BOOST_TEST(firm.left({"rollback", "snapshot", "--yes"}, "detail -> 'rows' ->> 'clients'") ==
             "rollback snapshot|begin|18\nrollback snapshot|done|null\n");
  BOOST_TEST(firm.left({"snapshot"}, copied) == "snapshot|start|null\nsnapshot|begin|first\nsnapshot|finished|null\n");

  BOOST_TEST(firm.ledger("SELECT DISTINCT actor FROM dispatch_sync.audit_log") == me() + "\n");
  BOOST_TEST(firm.ledger("SELECT target_table, status, undone_at IS NOT NULL FROM dispatch_sync.schema_changes WHERE "
                         "applied_sql LIKE '%DROP COLUMN%' ORDER BY id") == "clients|undone|t\nclients|applied|f\n");
  for (const char* table : {"audit_log", "migration_control", "schema_changes"}) {
    BOOST_TEST(firm.ledger(std::string("SELECT t FROM dispatch_sync.") + table + " t WHERE t::text ~* 'secret'") == "");
  }
}

// Whoever asks is named, not whoever does it for him.
BOOST_AUTO_TEST_CASE(what_a_running_agent_is_asked_to_do_is_done_in_the_name_of_who_asked) {
  Firm firm;
  firm.target.exec("ALTER TABLE sales ADD CHECK (note <> 'secret 7')");
  firm.agent.start();
  firm.agent.wait_streaming();
  const tests::AgentUnderTest::Environment on_call = {{"SUDO_USER", "oncall"}};
  const std::string name = "oncall as " + me();
  static_cast<void>(firm.left({"quarantine", "list"}));
  BOOST_TEST(firm.left({"quarantine", "retry"}, "actor", kLeft, on_call) == "quarantine retry||" + name + "\n");
  BOOST_TEST(firm.left({"quarantine", "discard", "7", "--reason", "known"}, "actor", 0, on_call) ==
             "quarantine discard||" + name + "\n");
  BOOST_TEST(firm.agent.stop() == 0);
}
