// `agent rollback snapshot`: the target is what it was before the copy.
#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/small_pair.hpp"

using tests::CommandResult;

namespace {

// Orders refer to clients, clients to each other, and pairs have no id of their own.
const std::string kSource = R"sql(
CREATE TABLE client (id integer PRIMARY KEY, name text, boss integer);
CREATE TABLE sale (id integer PRIMARY KEY, client_id integer, total integer);
CREATE TABLE tag (id integer PRIMARY KEY, name text);
CREATE TABLE client_tag (id integer PRIMARY KEY, client_id integer, tag_id integer);
INSERT INTO client SELECT i, 'c' || i, CASE WHEN i > 1 THEN i / 2 END FROM generate_series(1, 60) i;
UPDATE client SET boss = 30 WHERE id = 2;
INSERT INTO sale SELECT i, i % 60 + 1, i FROM generate_series(1, 200) i;
INSERT INTO tag SELECT i, 't' || i FROM generate_series(1, 5) i;
INSERT INTO client_tag SELECT i, i, i % 5 + 1 FROM generate_series(1, 40) i;
)sql";

// Before the copy there are: clients of an earlier migration (adopted), one of them with another boss than on the source, who is copied; clients of the new
// application with sales of theirs, one with a legacy key by mistake, and tags, one of them paired.
const std::string kTarget = R"sql(
CREATE TABLE clients (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, boss uuid REFERENCES clients, legacy_id integer);
CREATE TABLE sales (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), client uuid REFERENCES clients, total integer);
CREATE TABLE tags (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text UNIQUE);
CREATE TABLE client_tags (client uuid NOT NULL REFERENCES clients, tag uuid NOT NULL REFERENCES tags, PRIMARY KEY (client, tag));
CREATE TABLE notes (id integer PRIMARY KEY, client uuid CONSTRAINT noted_client REFERENCES clients ON DELETE CASCADE);
INSERT INTO clients (name, legacy_id) VALUES ('c1', 1), ('c2', 2);
UPDATE clients SET boss = (SELECT id FROM clients WHERE legacy_id = 1) WHERE legacy_id = 2;
INSERT INTO clients (id, name) VALUES ('00000000-0000-4000-8000-000000000001', 'born here');
INSERT INTO sales (client, total) VALUES ('00000000-0000-4000-8000-000000000001', 7);
INSERT INTO tags (id, name) VALUES ('00000000-0000-4000-8000-000000000002', 'own');
INSERT INTO client_tags VALUES ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002');
INSERT INTO notes VALUES (1, '00000000-0000-4000-8000-000000000001');
)sql";

const std::string kMapping = R"yaml(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
entities:
  client:
    adopt: SELECT legacy_id, id FROM clients WHERE legacy_id IS NOT NULL
routes:
  - from: client
    to: clients
    entity: client
    columns: { name: name, boss: "ref('client', boss)", legacy_id: id }
  - from: sale
    to: sales
    entity: sale
    columns: { client: "ref('client', client_id)", total: total }
  - from: tag
    to: tags
    entity: tag
    columns: { name: name }
  - from: client_tag
    to: client_tags
    id: null
    conflict: [client, tag]
    columns: { client: "ref('client', client_id)", tag: "ref('tag', tag_id)" }
)yaml";

struct Firm : tests::SmallPair {
  Firm() : SmallPair(kSource, kTarget, kMapping) {}

  /// All rows of the application's tables.
  [[nodiscard]] std::string rows() const {
    std::string text;
    for (const char* table : {"clients", "sales", "tags", "client_tags", "notes"}) {
      text += tests::as_text(
          target.query_rows(std::string("SELECT to_jsonb(t) FROM ") + table + " t ORDER BY to_jsonb(t)::text"));
    }
    return text;
  }
  /// The ledger, and what else of the catalog is there.
  [[nodiscard]] std::string ledger() const {
    std::string text = tests::as_text(
        target_admin.query_rows("SELECT relname, relkind, relacl, relrowsecurity FROM pg_class WHERE relnamespace IN "
                                "('dispatch_sync'::regnamespace, 'public'::regnamespace) ORDER BY 1"));
    for (const char* table : {"checkpoint", "stored_mappings", "remembered_keys", "found_rows", "audit_log"}) {
      text += tests::as_text(target_admin.query_rows(std::string("SELECT to_jsonb(t) FROM dispatch_sync.") + table +
                                                     " t ORDER BY to_jsonb(t)::text"));
    }
    return text;
  }
  /// What the mapping means, written by hand.
  void require_copied() const {
    const std::string expected =
        tests::as_text(source.query_rows("SELECT c.id, c.name, b.name, count(s.id), sum(s.total) FROM client c LEFT "
                                         "JOIN client b ON b.id = c.boss LEFT JOIN "
                                         "sale s ON s.client_id = c.id GROUP BY 1, 2, 3 ORDER BY 1"));
    const std::string actual = tests::as_text(
        target.query_rows("SELECT c.legacy_id, c.name, b.name, count(s.id), sum(s.total) FROM clients c LEFT JOIN "
                          "clients b ON b.id = c.boss LEFT "
                          "JOIN sales s ON s.client = c.id WHERE c.legacy_id IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1"));
    BOOST_TEST(expected == actual, tests::differing_lines(expected, actual));
    BOOST_TEST(on_target("SELECT count(*) FROM client_tags") == "41");
  }
  [[nodiscard]] std::string slots() const {
    return source_admin
        .query_value("SELECT (SELECT count(*) FROM pg_replication_slots WHERE slot_name = '" + name +
                     "') || ' ' || (SELECT count(*) FROM pg_publication)")
        .value();
  }
};

bool says(const std::string& text, const std::string& what) { return text.find(what) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_rolled_back_snapshot_leaves_the_target_as_it_was_and_a_new_one_copies_again) {
  const Firm firm;
  const std::string before = firm.rows();
  firm.bring_over();
  firm.require_copied();
  const std::string copied = firm.rows();
  const std::string ledger = firm.ledger();

  const nlohmann::json dry = nlohmann::json::parse(firm.agent.must({"rollback", "snapshot", "--dry-run", "--json"}));
  BOOST_TEST(dry.at("routes").at(0).at("going") == 58);
  BOOST_TEST(dry.at("routes").at(0).at("staying") == 2);
  BOOST_TEST(dry.at("routes").at(3).at("going") == 40);
  BOOST_TEST(firm.agent.command({"rollback", "snapshot"}).exit_code == 2);
  BOOST_TEST(firm.rows() == copied);
  BOOST_TEST((firm.ledger() == ledger), tests::differing_lines(ledger, firm.ledger()));
  BOOST_TEST(firm.slots() == "1 1");

  firm.agent.must({"rollback", "snapshot", "--yes"});
  BOOST_TEST((firm.rows() == before), tests::differing_lines(before, firm.rows()));
  BOOST_TEST(firm.slots() == "0 0");
  BOOST_TEST(firm.on_target("SELECT count(*) FROM dispatch_sync.checkpoint") == "0");
  BOOST_TEST(
      firm.on_target("SELECT string_agg(phase, ',' ORDER BY id) FROM dispatch_sync.audit_log WHERE command = 'rollback "
                     "snapshot' AND actor <> ''") == "begin,loosen,done");
  // There is nothing more to take back, and it says so.
  BOOST_TEST(firm.agent.command({"rollback", "snapshot", "--yes"}).exit_code == 6);

  firm.bring_over();
  firm.require_copied();
  BOOST_TEST(firm.rows() == copied);
  firm.agent.must({"validate"});
}

// The agent wrote a reference to a copied row into a row that stays: it goes back to what it was, or to nothing where that is not known any more.
BOOST_AUTO_TEST_CASE(what_an_adopted_row_referred_to_before_comes_back_and_what_is_not_known_is_told_and_emptied) {
  const Firm firm;
  firm.source.exec(
      "INSERT INTO client VALUES (61, 'c61', NULL), (62, 'c62', NULL), (63, 'c63', NULL); UPDATE client SET boss = 60 "
      "+ id WHERE "
      "id <= 3");
  firm.target.exec(
      "INSERT INTO clients (id, name) VALUES ('00000000-0000-4000-8000-000000000004', 'born and gone'); INSERT INTO "
      "clients (name, legacy_id, "
      "boss) VALUES ('c3', 3, '00000000-0000-4000-8000-000000000004')");
  const auto bosses = [&] {
    return firm.on_target(
        "SELECT string_agg(c.name || ' ' || coalesce(b.name, '-'), ', ' ORDER BY c.name) FROM clients c LEFT JOIN "
        "clients b ON "
        "b.id = c.boss WHERE c.legacy_id <= 3");
  };
  const std::string before = bosses();
  BOOST_TEST(before == "c1 -, c2 c1, c3 born and gone");
  firm.bring_over();
  BOOST_TEST(bosses() == "c1 c61, c2 c62, c3 c63");
  const auto loosened = [&] {
    return nlohmann::json::parse(firm.agent.must({"rollback", "snapshot", "--dry-run", "--json"})).at("loosened").at(0);
  };
  BOOST_TEST(loosened().at("column") == "boss");
  BOOST_TEST(loosened().at("restored") == 3);
  BOOST_TEST(loosened().at("emptied") == 0);
  // The new application has removed the one; of another the ledger does not know it.
  firm.target.exec("DELETE FROM clients WHERE name = 'born and gone'");
  firm.target_admin.exec(
      "UPDATE dispatch_sync.found_rows SET held = NULL WHERE route = 'clients' AND target_key = (SELECT "
      "ARRAY[id::text] FROM "
      "clients WHERE legacy_id = 2)");
  const std::string text = firm.agent.must({"rollback", "snapshot", "--dry-run"});
  BOOST_TEST(says(text, "1 refer again to what they referred to before, 2 to nothing"), text);
  firm.agent.must({"rollback", "snapshot", "--yes"});
  BOOST_TEST(bosses() == "c1 -, c2 -, c3 -");
  BOOST_TEST(firm.on_target("SELECT sum((detail ->> 'rows')::int) FROM dispatch_sync.audit_log WHERE command = "
                            "'rollback snapshot' AND phase = "
                            "'loosen' AND detail ->> 'column' = 'boss'") == "3");
  BOOST_TEST(firm.on_target("SELECT count(*) FROM clients") == "4");
}

// A row that the agent wrote under the id of an adopted one, into another table, is the agent's. One that was there is not.
BOOST_AUTO_TEST_CASE(what_further_routes_wrote_under_adopted_ids_goes_unless_it_was_there) {
  Firm firm;
  firm.agent.options().mapping +=
      "  - from: client\n    to: badges\n    entity: client\n    id: client_id\n    columns: { sponsor: "
      "\"ref('client', boss)\" }\n";
  firm.agent.configure();
  firm.target.exec(
      "CREATE TABLE badges (client_id uuid PRIMARY KEY REFERENCES clients, sponsor uuid REFERENCES clients); INSERT "
      "INTO badges SELECT id FROM "
      "clients WHERE legacy_id = 1");
  const std::string before = firm.rows() + firm.on_target("SELECT string_agg(b::text, ',') FROM badges b");
  firm.bring_over();
  BOOST_TEST(firm.on_target("SELECT count(*) FROM badges") == "60");
  firm.agent.must({"rollback", "snapshot", "--yes"});
  const std::string after = firm.rows() + firm.on_target("SELECT string_agg(b::text, ',') FROM badges b");
  BOOST_TEST((after == before), tests::differing_lines(before, after));
}

// Where a reference may not be NULL, only what is known to have been there gives way to it.
BOOST_AUTO_TEST_CASE(a_reference_that_may_not_be_empty_goes_back_to_what_it_was_or_is_in_the_way) {
  Firm firm;
  std::string& mapping = firm.agent.options().mapping;
  mapping.insert(mapping.find("routes:"), "  sale:\n    adopt: SELECT 5, id FROM sales WHERE total = 5\n");
  firm.agent.configure();
  firm.target.exec(
      "ALTER TABLE sales ALTER client SET NOT NULL; INSERT INTO sales (client, total) VALUES "
      "('00000000-0000-4000-8000-000000000001', 5)");
  const std::string before = firm.rows();
  firm.bring_over();
  BOOST_TEST(firm.on_target("SELECT c.legacy_id FROM sales s JOIN clients c ON c.id = s.client WHERE total = 5") ==
             "6");
  const std::string copied = firm.rows();
  firm.target_admin.exec(
      "CREATE TABLE dispatch_sync.kept AS SELECT * FROM dispatch_sync.found_rows; UPDATE dispatch_sync.found_rows SET "
      "held = NULL");
  for (const auto& command :
       {std::vector<std::string>{"rollback", "snapshot", "--dry-run"}, {"rollback", "snapshot", "--yes"}}) {
    const CommandResult refused = firm.agent.command(command);
    BOOST_TEST(refused.exit_code == 6, refused.err);
    BOOST_TEST(says(refused.out + refused.err, "1 rows of sales"), refused.out + refused.err);
  }
  BOOST_TEST((firm.rows() == copied), tests::differing_lines(copied, firm.rows()));
  firm.target_admin.exec(
      "UPDATE dispatch_sync.found_rows f SET held = k.held FROM dispatch_sync.kept k WHERE (k.route, k.target_key) = "
      "(f.route, "
      "f.target_key); DROP TABLE dispatch_sync.kept");
  firm.agent.must({"rollback", "snapshot", "--yes"});
  BOOST_TEST((firm.rows() == before), tests::differing_lines(before, firm.rows()));
}

// Rows that were there before under the very id that minting gives are nobody's to remove; nor are those that the new application gave a legacy key.
BOOST_AUTO_TEST_CASE(rows_of_before_stay_even_under_an_id_that_the_agent_would_give) {
  const Firm firm;
  firm.bring_over();
  const std::string id = firm.on_target("SELECT id FROM sales WHERE total = 11");
  firm.agent.must({"rollback", "snapshot", "--yes"});
  firm.target.exec("INSERT INTO sales (id, total) VALUES ('" + id + "', 11)");
  const std::string before = firm.rows();
  firm.bring_over();
  firm.target.exec(
      "INSERT INTO clients (id, name, legacy_id) VALUES ('00000000-0000-4000-8000-000000000003', 'late', 61)");
  firm.target.exec("UPDATE sales SET client = NULL WHERE id = '" + id + "'");
  firm.agent.must({"rollback", "snapshot", "--yes"});
  BOOST_TEST(firm.on_target("SELECT count(*) FROM sales WHERE id = '" + id + "'") == "1");
  BOOST_TEST(firm.on_target("SELECT count(*) FROM clients WHERE name = 'late'") == "1");
  firm.target.exec("DELETE FROM clients WHERE name = 'late'");
  BOOST_TEST((firm.rows() == before), tests::differing_lines(before, firm.rows()));
}

BOOST_AUTO_TEST_CASE(rows_of_somebody_else_that_refer_to_copied_ones_are_named_and_nothing_is_removed) {
  const Firm firm;
  firm.bring_over();
  firm.target.exec(
      "INSERT INTO notes SELECT 100 + legacy_id, id FROM clients WHERE legacy_id IN (10, 11, 12); INSERT INTO sales "
      "(client, "
      "total) SELECT id, 0 FROM clients WHERE legacy_id = 13");
  const std::string before = firm.rows();
  const CommandResult dry = firm.agent.command({"rollback", "snapshot", "--dry-run"});
  BOOST_TEST(dry.exit_code == 6, dry.err);
  BOOST_TEST(says(dry.out, "3 rows of notes"), dry.out);
  const CommandResult refused = firm.agent.command({"rollback", "snapshot", "--yes"});
  BOOST_TEST(refused.exit_code == 6, refused.err);
  BOOST_TEST(says(refused.err, "3 rows of notes (noted_client) refer to clients"), refused.err);
  BOOST_TEST(says(refused.err, "1 rows of sales"), refused.err);
  BOOST_TEST((firm.rows() == before));
  BOOST_TEST(firm.slots() == "1 1");
  firm.bring_over();
}

BOOST_AUTO_TEST_CASE(an_agent_that_runs_and_a_cutover_that_stands_are_in_the_way) {
  Firm firm;
  BOOST_TEST(firm.agent.command({"rollback", "snapshot", "--yes"}).exit_code == 6);
  firm.agent.start();
  firm.agent.wait_streaming();
  const CommandResult busy = firm.agent.command({"rollback", "snapshot", "--yes"});
  BOOST_TEST(busy.exit_code == 6, busy.err);
  BOOST_TEST(says(busy.err, "stop it"), busy.err);
  BOOST_TEST(firm.agent.stop() == 0);
  firm.agent.must({"validate"});
  firm.agent.must({"cutover", "--yes"});
  const CommandResult done = firm.agent.command({"rollback", "snapshot", "--yes"});
  BOOST_TEST(done.exit_code == 6, done.err);
  BOOST_TEST(says(done.err, "agent rollback cutover"), done.err);
  firm.require_copied();
}

// Whatever was committed is not done again, and no agent writes beside what is still to be done.
BOOST_AUTO_TEST_CASE(a_rollback_that_is_killed_around_any_transaction_goes_on) {
  // The list, the rows of four routes, and the end.
  constexpr int kTransactions = 6;
  for (const auto& [place, nth] : std::vector<std::pair<std::string, int>>{{"before_patient_commit", 1},
                                                                           {"before_patient_commit", 4},
                                                                           {"before_patient_commit", kTransactions},
                                                                           {"after_patient_commit", 1},
                                                                           {"after_patient_commit", 3},
                                                                           {"after_patient_commit", kTransactions}}) {
    BOOST_TEST_CONTEXT(place << "@" << nth) {
      const Firm firm;
      const std::string before = firm.rows();
      firm.bring_over();
      const CommandResult killed = firm.agent.command({"rollback", "snapshot", "--yes"},
                                                      {{"AGENT_FAILPOINTS", place + "=kill@" + std::to_string(nth)}});
      BOOST_REQUIRE_MESSAGE(killed.exit_code == tests::kKilled, killed.err);
      const bool is_under_way = firm.on_target("SELECT to_regclass('dispatch_sync.rollback_rows') IS NOT NULL") == "t";
      const bool is_over = place == "after_patient_commit" && nth == kTransactions;
      BOOST_TEST(is_under_way == (!is_over && !(place == "before_patient_commit" && nth == 1)));
      if (is_under_way) BOOST_TEST(firm.agent.command({"sync", "--until-current"}).exit_code == 6);
      const CommandResult again = firm.agent.command({"rollback", "snapshot", "--yes"});
      BOOST_TEST(again.exit_code == (is_over ? 6 : 0), again.err);
      BOOST_TEST((firm.rows() == before), tests::differing_lines(before, firm.rows()));
      BOOST_TEST(firm.slots() == "0 0");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_role_for_which_foreign_keys_are_checked_and_triggers_fire_rolls_back_too) {
  const Firm firm;
  const std::string before = firm.rows();
  firm.bring_over();
  firm.target_admin.exec("REVOKE SET ON PARAMETER session_replication_role FROM postgres");
  const CommandResult done = firm.agent.command({"rollback", "snapshot", "--yes"});
  firm.target_admin.exec("GRANT SET ON PARAMETER session_replication_role TO postgres");
  BOOST_TEST(done.exit_code == 0, done.err);
  BOOST_TEST((firm.rows() == before), tests::differing_lines(before, firm.rows()));
}
