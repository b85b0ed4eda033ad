// What a validation says is so: each difference is found and counted right, and equal sets never alarm.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/integration/validate/office.hpp"

using tests::LiveWork;
using tests::Office;
using Findings = std::vector<std::string>;

namespace {

/// A difference that somebody made on the target behind the agent's back, and what a validation has to say of it.
struct Planted {
  std::string name;
  std::string sql;   ///< on the target
  std::string undo;  ///< the same
  Findings findings = {};
  std::string route = {};
  std::string counter = {};  ///< of that route, which must be 1 where it is 0 otherwise
  bool is_wrong = true;
  bool breaks_a_rule = false;
};

// The UUIDs of rows that the agent made are found by their legacy ids.
const std::vector<Planted> kPlanted = {
    {.name = "a value",
     .sql = "UPDATE people SET name = 'Person 7' WHERE legacy_id = 7",
     .undo = "UPDATE people SET name = 'person 7' WHERE legacy_id = 7",
     .findings = {"people different 7 name"},
     .route = "people",
     .counter = "different"},
    {.name = "a value that equals another, a NULL, and a joined value",
     .sql = "UPDATE people SET name = 'person 8 ', pay = NULL, team_name = 'team 9' WHERE legacy_id = 8",
     .undo = "UPDATE people SET name = 'person 8', pay = 12, team_name = 'TEAM 9' WHERE legacy_id = 8",
     .findings = {"people different 8 name team_name pay"},
     .route = "people",
     .counter = "different"},
    {.name = "a reference to the wrong parent",
     .sql = "UPDATE people SET team = (SELECT id FROM teams WHERE legacy_id = 2) WHERE legacy_id = 7",
     .undo = "UPDATE people SET team = (SELECT id FROM teams WHERE legacy_id = 8) WHERE legacy_id = 7",
     .findings = {"people different 7 team"},
     .route = "people",
     .counter = "different"},
    {.name = "a legacy id that is another",
     .sql = "UPDATE invoices SET legacy_id = 5000000 WHERE legacy_id = 9",
     .undo = "UPDATE invoices SET legacy_id = 9 WHERE legacy_id = 5000000",
     .findings = {"invoices different 9 legacy_id"},
     .route = "invoices",
     .counter = "different"},
    {.name = "a row that is gone, to which others refer",
     .sql = "CREATE TABLE aside AS SELECT * FROM people WHERE legacy_id = 11; DELETE FROM people WHERE legacy_id = 11",
     .undo = "INSERT INTO people SELECT * FROM aside; DROP TABLE aside",
     .findings = {"people missing 11"},
     .route = "people",
     .counter = "missing",
     .breaks_a_rule = true},
    {.name = "a row without an id that is gone",
     .sql = "CREATE TABLE aside AS SELECT t.* FROM tags t JOIN people p ON p.id = t.person WHERE p.legacy_id = 7 AND "
            "label = 'label 0'; DELETE FROM tags USING aside WHERE tags = aside",
     .undo = "INSERT INTO tags SELECT * FROM aside; DROP TABLE aside",
     .findings = {"tags missing 6"},
     .route = "tags",
     .counter = "missing"},
    {.name = "a row of the agent's own that the source does not have",
     .sql = "INSERT INTO people (id, name, legacy_id) VALUES "
            "(extensions.uuid_generate_v5('6ba7b811-9dad-11d1-80b4-00c04fd430c8', "
            "'person:5000000'), 'stray', 5000000)",
     .undo = "DELETE FROM people WHERE legacy_id = 5000000",
     .findings = {"people extra 5000000"},
     .route = "people",
     .counter = "extra"},
    {.name = "the same without an id",
     .sql = "INSERT INTO tags SELECT id, 'stray' FROM people WHERE legacy_id = 7; INSERT INTO "
            "dispatch_sync.remembered_keys "
            "SELECT 'tags', '5000000', ARRAY[id::text, 'stray'] FROM people WHERE legacy_id = 7",
     .undo = "DELETE FROM tags WHERE label = 'stray'; DELETE FROM dispatch_sync.remembered_keys WHERE legacy_key = "
             "'5000000'",
     .findings = {"tags extra 5000000"},
     .route = "tags",
     .counter = "extra"},
    {.name = "a row of the new application",
     .sql = "INSERT INTO people (id, name) VALUES (gen_random_uuid(), 'new here')",
     .undo = "DELETE FROM people WHERE legacy_id IS NULL",
     .route = "people",
     .counter = "foreign",
     .is_wrong = false},
    {.name = "a column that nobody maps",
     .sql = "UPDATE people SET mood = 'good'",
     .undo = "UPDATE people SET mood = NULL",
     .is_wrong = false},
};

/// Everybody who may, without triggers and foreign keys in the way, and not mapped rows alone. Its locks may cross those of the agent, and then
/// the server ends one of the two.
void on_target(const Office& office, const std::string& sql) {
  for (int tries = 1;; ++tries) {
    tests::Sql session = office.target_admin.session();
    try {
      session.exec("BEGIN; SET LOCAL session_replication_role = replica; " + sql + "; COMMIT");
      return;
    } catch (const tests::SqlError& error) {
      if (tries == 10 || std::string(error.what()).find("deadlock detected") == std::string::npos) throw;
    }
  }
}

void expect_found(const Office& office, const Planted& planted) {
  BOOST_TEST_CONTEXT(planted.name) {
    on_target(office, planted.sql);
    const auto verdict = office.validate();
    BOOST_TEST(verdict.exit_code == (planted.is_wrong ? 1 : 0), verdict.json.dump(1) << verdict.log);
    BOOST_TEST(verdict.json.at("match").get<bool>() != planted.is_wrong);
    BOOST_TEST(verdict.json.at("complete").get<bool>());
    BOOST_TEST(verdict.findings() == planted.findings, boost::test_tools::per_element());
    for (const auto& route : verdict.json.at("routes")) {
      for (const char* counter : {"missing", "different", "extra", "foreign", "parked", "quarantined", "would_pass"}) {
        const bool is_it = route.at("name") == planted.route && planted.counter == counter;
        BOOST_TEST(route.at(counter).get<long>() == (is_it ? 1 : 0), route.at("name") << " " << counter);
      }
      const bool is_touched = planted.is_wrong && route.at("name") == planted.route;
      BOOST_TEST((route.at("source_checksum") != route.at("target_checksum")) == is_touched, route.at("name"));
      BOOST_TEST(route.at("match").get<bool>() != is_touched);
    }
    bool is_broken = false;
    for (const auto& rule : verdict.json.at("integrity")) is_broken = is_broken || !rule.at("match").get<bool>();
    BOOST_TEST(is_broken == planted.breaks_a_rule);
    on_target(office, planted.undo);
  }
}

void install_uuid(const Office& office) {
  office.target_admin.exec("CREATE SCHEMA extensions; CREATE EXTENSION \"uuid-ossp\" WITH SCHEMA extensions");
}

}  // namespace

// reliability 103, 123
BOOST_AUTO_TEST_CASE(each_planted_difference_is_found_and_counted_right_while_nobody_works) {
  const Office office;
  install_uuid(office);
  office.bring_over();
  office.require_equal();
  for (const Planted& planted : kPlanted) expect_found(office, planted);
  office.require_equal();
}

// reliability 103, 122
BOOST_AUTO_TEST_CASE(each_planted_difference_is_found_and_counted_right_beside_an_agent_at_work) {
  Office office;
  install_uuid(office);
  office.bring_over();
  office.agent.start();
  office.agent.wait_streaming();
  LiveWork work{office};
  for (const Planted& planted : kPlanted) expect_found(office, planted);
  work.stop();
  office.agent.wait_applied();
  office.require_equal();
  BOOST_TEST(office.source_admin.query_value("SELECT count(*) FROM pg_replication_slots WHERE temporary").value() ==
             "0");
  BOOST_TEST(office.agent.stop() == 0);
}

// reliability 103, 122
BOOST_AUTO_TEST_CASE(equal_databases_never_alarm_whatever_is_going_on) {
  Office office;
  office.bring_over();
  office.agent.start();
  office.agent.wait_streaming();
  LiveWork work{office};
  // More by hand: VALIDATIONS=200.
  const char* wanted = std::getenv("VALIDATIONS");
  const int count_of_validations = wanted == nullptr ? 10 : std::atoi(wanted);
  for (int i = 0; i < count_of_validations; ++i) {
    const auto verdict = office.validate();
    BOOST_TEST(verdict.exit_code == 0, verdict.json.dump(1) << verdict.log);
    for (const auto& route : verdict.json.at("routes")) {
      const auto count = [&](const char* name) { return route.at(name).get<long>(); };
      BOOST_TEST(count("read") == count("matched") + count("shared") + count("filtered"), route.dump());
    }
  }
  BOOST_TEST(work.transactions() > 100);
  work.stop();
  office.require_honest();
  BOOST_TEST(office.agent.stop() == 0);
}

// A retry would leave it where it is.
BOOST_AUTO_TEST_CASE(a_row_that_the_mapping_itself_refuses_is_not_said_to_pass) {
  const Office office;
  std::ifstream file(office.agent.mapping_file());
  std::string mapping{std::istreambuf_iterator<char>{file}, {}};
  const std::string column = R"yaml({ expr: "ref('person', person_id)", missing: "null" })yaml";
  mapping.replace(mapping.find(column), column.size(),
                  R"yaml({ expr: "CASE WHEN id > 0 THEN ref('person', person_id) END", missing: quarantine })yaml");
  std::ofstream(office.agent.mapping_file()) << mapping;
  office.bring_over();
  const auto verdict = office.validate();
  BOOST_TEST(verdict.exit_code == 1);
  BOOST_TEST(verdict.count("invoices", "quarantined") == 3);
  BOOST_TEST(verdict.count("invoices", "would_pass") == 0);
  BOOST_TEST(office.agent.command({"quarantine", "retry"}).exit_code == 1);
}

// reliability 103, 123, 178
BOOST_AUTO_TEST_CASE(rows_that_are_kept_out_are_accounted_for_by_name) {
  const Office office;
  office.bring_over();
  // A parent that is not there, with a child of its own; a row that the target refuses; a row that is gone and kept.
  office.source.exec(
      "INSERT INTO team VALUES (11, 'orphan', 99), (12, 'below it', 11); DELETE FROM invoice WHERE id = 9");
  office.source.exec("UPDATE person SET pay = 13.13 WHERE id = 7");
  office.bring_over();
  auto verdict = office.validate();
  BOOST_TEST(verdict.exit_code == 1);
  const Findings expected{"people quarantined 7", "teams parked 11", "teams parked 12"};
  BOOST_TEST(verdict.findings() == expected, boost::test_tools::per_element());
  BOOST_TEST(verdict.count("invoices", "kept") == 1);
  BOOST_TEST(verdict.count("invoices", "different") == 0);
  BOOST_TEST(verdict.count("tags", "missing") == 0);
  BOOST_TEST(verdict.count("teams", "source_rows") == 12);
  BOOST_TEST(verdict.count("teams", "target_rows") == 10);

  // The target has been mended: the row would come today.
  office.target_admin.exec("ALTER TABLE people DROP CONSTRAINT people_pay_check");
  verdict = office.validate();
  BOOST_TEST(verdict.exit_code == 1);
  BOOST_TEST(verdict.count("people", "would_pass") == 1);
  BOOST_TEST(verdict.count("people", "quarantined") == 1);

  // Somebody answers for what stays out. The totals still differ by it.
  office.agent.must({"quarantine", "discard", "--all", "--reason", "agreed"});
  verdict = office.validate();
  for (const auto& route : verdict.json.at("routes")) BOOST_TEST(route.at("match").get<bool>(), route.dump(1));
  BOOST_TEST(!verdict.json.at("reconcile").at(0).at("match").get<bool>());
  BOOST_TEST(verdict.count("people", "accepted") == 1);
  BOOST_TEST(verdict.count("teams", "accepted") == 2);
}

// reliability 103, 165
BOOST_AUTO_TEST_CASE(a_kept_row_counts_as_kept_where_no_column_of_the_target_tells_its_key) {
  Office office;
  std::string& mapping = office.agent.options().mapping;
  const std::string column = ", legacy_id: id }\nreconcile";
  mapping.replace(mapping.find(column), column.size(), " }\nreconcile");
  office.agent.configure();
  office.target_admin.exec("ALTER TABLE invoices DROP COLUMN legacy_id");
  office.bring_over();
  const std::string uuid = office.agent.must({"mapping", "lookup", "invoice", "9"});
  office.source.exec("DELETE FROM invoice WHERE id = 9");
  office.target_admin.exec("INSERT INTO invoices (id) VALUES (gen_random_uuid())");
  office.bring_over();
  const auto expect = [&](long kept) {
    const auto verdict = office.validate();
    BOOST_TEST(verdict.exit_code == 0, verdict.json.dump(1));
    BOOST_TEST(verdict.count("invoices", "kept") == kept);
    BOOST_TEST(verdict.count("invoices", "foreign") == 1);
    BOOST_TEST(office.agent.must({"mapping", "lookup", "invoice", "9"}) == uuid);
  };
  expect(1);
  // The ledger knows it also when local state does not.
  std::filesystem::remove_all(office.agent.state_dir());
  office.agent.must({"snapshot"});
  office.bring_over();
  expect(1);
  // It comes back, and is the same row.
  office.source.exec("INSERT INTO invoice VALUES (9, 10, 18)");
  office.bring_over();
  expect(0);
}

// reliability 103, 165
BOOST_AUTO_TEST_CASE(a_row_that_is_set_apart_when_its_source_goes_counts_as_kept_until_it_comes_back) {
  Office office;
  std::string& mapping = office.agent.options().mapping;
  const std::string keep = "on_delete: keep";
  mapping.replace(mapping.find(keep), keep.size(), "on_delete: { set: { void: \"true\" } }");
  const std::string total = "total: total,";
  mapping.replace(mapping.find(total), total.size(), total + " void: \"false\",");
  office.agent.configure();
  office.target_admin.exec("ALTER TABLE invoices ADD COLUMN void boolean");
  office.bring_over();
  office.source.exec("DELETE FROM invoice WHERE id IN (9, 10)");
  office.bring_over();
  const auto expect = [&](long kept, const std::string& set_apart) {
    const auto verdict = office.validate();
    BOOST_TEST(verdict.exit_code == 0, verdict.json.dump(1));
    BOOST_TEST(verdict.count("invoices", "kept") == kept);
    BOOST_TEST(verdict.count("invoices", "matched") == 60 - kept);
    BOOST_TEST(
        office.on_target("SELECT string_agg(concat(legacy_id, ':', total), ' ' ORDER BY legacy_id) FROM invoices WHERE "
                         "void") == set_apart);
  };
  expect(2, "9:18.00 10:20.00");
  // A comparison of everything leaves it as it is, also where local state does not know it.
  std::filesystem::remove_all(office.agent.state_dir());
  office.agent.must({"snapshot"});
  office.bring_over();
  expect(2, "9:18.00 10:20.00");
  office.source.exec("INSERT INTO invoice VALUES (9, 10, 18)");
  office.bring_over();
  expect(1, "10:20.00");
}

// reliability 103
BOOST_AUTO_TEST_CASE(totals_that_differ_and_rules_that_are_broken_are_found) {
  const Office office;
  office.bring_over();
  // The totals do not know that these rows are of the new application.
  office.target_admin.exec("INSERT INTO people (id, pay, legacy_id) VALUES (gen_random_uuid(), 1, 7)");
  const auto verdict = office.validate();
  BOOST_TEST(verdict.exit_code == 1);
  BOOST_TEST(verdict.count("people", "foreign") == 1);
  BOOST_TEST(verdict.route("people").at("match").get<bool>());
  const auto& total = verdict.json.at("reconcile").at(0);
  BOOST_TEST(!total.at("match").get<bool>());
  BOOST_TEST(total.at("source") == nlohmann::json::parse(R"([["190","28500"]])"));
  BOOST_TEST(total.at("target") == nlohmann::json::parse(R"([["191","28501"]])"));
  std::vector<std::string> broken;
  for (const auto& rule : verdict.json.at("integrity")) {
    if (!rule.at("match").get<bool>())
      broken.push_back(rule.at("rule").get<std::string>() + rule.at("examples").dump());
  }
  const std::vector<std::string> expected{R"(legacy_id["7"])", R"(entity_uuid["7"])"};
  BOOST_TEST(broken == expected, boost::test_tools::per_element());
}
