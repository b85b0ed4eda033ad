// Nothing that the agent keeps is believed: what a spoilt local state led to is found, and a spoilt state alone changes nothing.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "state/database.hpp"
#include "state/status_counters.hpp"
#include "tests/integration/validate/office.hpp"
#include "tests/support/spoilt_state.hpp"

using tests::integer_key;
using tests::Office;

namespace {

/// Moves the stored counters of a route, and no status with them.
void miscount(const Office& office, const char* route, const core::RouteCounters& by) {
  const auto environment = tests::environment_of(office.agent);
  std::vector<core::RouteCounters> changes(environment.plan.routes.size());
  changes[environment.plan.find_route(route)->id.index()] = by;
  state::Database database{office.agent.state_dir(), 8U << 20U};
  rocksdb::WriteBatch batch;
  state::StatusCounters::put(database, batch, changes);
  database.write(batch, state::Database::Durability::Synced, "miscount");
}

}  // namespace

// reliability 103, 175
BOOST_AUTO_TEST_CASE(what_a_spoilt_local_state_led_to_is_found_and_the_state_itself_is_not_believed) {
  const Office office;
  office.bring_over();
  tests::spoil(office.agent, [](const mapping::Plan& plan, state::Store&, state::Overlay& overlay) {
    const core::TableId team = tests::table_called(plan, "team");
    const core::TableId person = tests::table_called(plan, "person");
    overlay.put_image(team, integer_key(2), *overlay.image(team, integer_key(5)));  // a joined row that is another
    overlay.set_status(team, integer_key(3), 0, core::RowStatus::Parked);           // a parent that is there
    overlay.set_status(person, integer_key(20), 0, core::RowStatus::Applied);       // a row that was filtered
    overlay.set_status(person, integer_key(30), 0, core::RowStatus::Quarantined);   // one that is well
    overlay.put_image(person, integer_key(40), *overlay.image(person, integer_key(41)));  // one that has other values
  });
  // As long as it leads to nothing, nothing is wrong.
  auto verdict = office.validate();
  BOOST_TEST(verdict.exit_code == 0, verdict.json.dump(1));

  // Person 11 is of team 2, person 12 of team 3 and has no place any more.
  office.source.exec("UPDATE person SET name = name || '!' WHERE id IN (11, 12)");
  office.bring_over();
  verdict = office.validate();
  BOOST_TEST(verdict.exit_code == 1);
  BOOST_TEST(verdict.count("people", "different") == 1, verdict.json.dump(1));
  BOOST_TEST(verdict.count("people", "missing") == 1);
  BOOST_TEST(verdict.count("people", "parked") == 0);
  const auto& examples = verdict.route("people").at("examples");
  BOOST_REQUIRE(examples.size() == 2);
  BOOST_TEST(examples.at(0).at("legacy_key") == "12");
  BOOST_TEST(examples.at(0).at("kind") == "missing");
  BOOST_TEST(examples.at(1).at("legacy_key") == "11");
  BOOST_TEST(examples.at(1).at("columns") == nlohmann::json::array({"team_name"}));
}

// reliability 169
BOOST_AUTO_TEST_CASE(counters_that_are_not_the_statuses_counted_again_make_status_and_validation_fail) {
  Office office;
  office.bring_over();
  const auto expect = [&](int status, int validation) {
    BOOST_TEST(office.agent.command({"status"}).exit_code == status);
    const auto verdict = office.validate();
    BOOST_TEST(verdict.exit_code == validation, verdict.json.dump(1));
    BOOST_TEST(verdict.json.at("complete").get<bool>(), verdict.json.dump(1));
    BOOST_TEST(verdict.json.at("balanced").get<bool>() == (validation == 0));
    for (const auto& route : verdict.json.at("routes")) BOOST_TEST(route.at("match").get<bool>());
    return verdict.json.at("counters");
  };
  BOOST_TEST(expect(0, 0).empty());
  // The sum holds, and yet one row too many is counted.
  miscount(office, "people", {.read = 1, .applied = 1});
  const auto wrong = expect(0, 1);
  BOOST_REQUIRE(wrong.size() == 1U);
  BOOST_TEST(wrong.at(0).at("route") == "people");
  BOOST_TEST(wrong.at(0).at("recorded").at("read") == 201);
  BOOST_TEST(wrong.at(0).at("counted").at("read") == 200);
  BOOST_TEST(wrong.at(0).at("counted").at("filtered") == 10);
  // The sum does not hold; beside an agent that runs, too.
  miscount(office, "teams", {.applied = -1});
  BOOST_TEST(expect(6, 1).size() == 2U);
  const auto text = office.agent.command({"validate"});
  BOOST_TEST(text.exit_code == 1);
  for (const char* part : {"lost count of route people: it shows 201", "move its state directory away"})
    BOOST_TEST(text.out.find(part) != std::string::npos, text.out);
  office.agent.start();
  office.agent.wait_streaming();
  {
    tests::LiveWork work{office};
    BOOST_TEST(expect(6, 1).size() == 2U);
    work.stop();
  }
  BOOST_TEST(office.agent.stop() == 0);
  // The remedy.
  std::filesystem::rename(office.agent.state_dir(), office.agent.state_dir().string() + ".old");
  office.agent.must({"snapshot"});
  office.bring_over();
  BOOST_TEST(expect(0, 0).empty());
}

BOOST_AUTO_TEST_CASE(a_state_directory_that_another_process_holds_and_does_not_answer_for_is_refused) {
  const Office office;
  office.bring_over();
  const auto store = agent::open_store(tests::environment_of(office.agent));
  const auto result = office.agent.command({"validate"});
  BOOST_TEST(result.exit_code == 5, result.err);
  BOOST_TEST(result.out.empty());
}
