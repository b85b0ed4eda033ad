#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/faults/people.hpp"

using faults::People;
using nlohmann::json;
using tests::CommandResult;

namespace {

CommandResult cut_over(const People& pair) {
  return pair.agent.command({"cutover", "--yes", "--json", "--validate", "changed"});
}

/// What a cutover that succeeded has compared, and what it has not.
void require_compared(const CommandResult& result, const json& validated, const json& vouched) {
  BOOST_REQUIRE_MESSAGE(result.exit_code == 0, result.err);
  const json report = json::parse(result.out);
  BOOST_TEST(report.at("validated") == validated, result.out);
  BOOST_TEST(report.at("vouched") == vouched, result.out);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_source_that_was_not_written_to_is_not_compared_again) {
  People pair;
  pair.make_ready();
  const CommandResult dry = pair.agent.command({"cutover", "--dry-run", "--validate", "changed"});
  BOOST_TEST(dry.out.find("count(*) filter (where (t.xmin") != std::string::npos, dry.out);
  // What nobody looks at nobody finds; the documentation says so.
  pair.target.exec("UPDATE teams SET name = 'spoilt' WHERE legacy_id = 3");
  require_compared(cut_over(pair), json::array(), {"teams", "people"});
  BOOST_TEST(pair.on_target("SELECT count(*) FROM dispatch_sync.migration_control WHERE phase = 'validate'") == "1");
  BOOST_TEST(
      pair.on_target("SELECT detail ->> 'vouched' FROM dispatch_sync.migration_control WHERE phase = 'cutover' AND "
                     "route = 'validate'") == R"(["teams", "people"])");
}

BOOST_AUTO_TEST_CASE(whatever_was_written_is_compared_and_a_difference_there_is_found) {
  People pair(50);
  for (const std::string change :
       {"UPDATE person SET name = name WHERE id = 7",
        "BEGIN; DELETE FROM person WHERE id = 8; INSERT INTO person VALUES (1008, 'new', 1); COMMIT",
        "DELETE FROM person WHERE id = 9",
        "BEGIN; SAVEPOINT s; UPDATE person SET name = 'deep' WHERE id = 10; RELEASE s; COMMIT"}) {
    BOOST_TEST_CONTEXT(change) {
      pair.make_ready();
      pair.source.exec(change);
      // In a row that was not written to, of a table that was.
      pair.target.exec("UPDATE people SET name = 'spoilt' WHERE legacy_id = 5");
      const CommandResult found = cut_over(pair);
      BOOST_TEST(found.exit_code == 1, found.err);
      BOOST_TEST(found.err.find("people") != std::string::npos, found.err);
      pair.target.exec("UPDATE people SET name = 'p5' WHERE legacy_id = 5");
    }
  }
  require_compared(cut_over(pair), {"people"}, {"teams"});
}

BOOST_AUTO_TEST_CASE(another_number_of_rows_on_the_target_is_looked_into) {
  People pair;
  pair.make_ready();
  pair.target.exec("DELETE FROM people WHERE legacy_id = 11");
  const CommandResult found = cut_over(pair);
  BOOST_TEST(found.exit_code == 1, found.err);
  BOOST_TEST(found.err.find("missing") != std::string::npos, found.err);
  pair.agent.must({"repair"});
  pair.agent.must({"validate"});
  require_compared(cut_over(pair), json::array(), {"teams", "people"});
}

BOOST_AUTO_TEST_CASE(rows_that_were_written_long_before_and_frozen_are_not_taken_for_new) {
  People pair;
  pair.make_ready();
  pair.source_admin.exec("VACUUM FREEZE person");
  pair.source_admin.exec("CLUSTER person USING person_pkey");
  require_compared(cut_over(pair), json::array(), {"teams", "people"});
}

BOOST_AUTO_TEST_CASE(a_parent_that_was_written_to_brings_its_children_with_it) {
  People pair;
  pair.make_ready();
  pair.source.exec("UPDATE team SET name = 'renamed' WHERE id = 2");
  require_compared(cut_over(pair), {"teams", "people"}, json::array());
}
