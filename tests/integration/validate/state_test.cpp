// Nothing that the agent keeps is believed: what a spoilt local state led to is found, and a spoilt state alone changes nothing.
#include <boost/test/unit_test.hpp>
#include <functional>
#include <string>

#include "agent/config.hpp"
#include "agent/environment.hpp"
#include "state/overlay.hpp"
#include "tests/integration/validate/office.hpp"

using tests::Office;

namespace {

core::RowKey number(std::int64_t value) {
  const std::string text = std::to_string(value);
  const core::Value of = core::Value::of(text);
  const core::KeyType type = core::KeyType::Integer;
  return core::encode_key({&type, 1}, {&of, 1});
}

/// Changes the local state of the agent, which does not run, behind its back.
void spoil(const Office& office,
           const std::function<void(const mapping::Plan& plan, state::Overlay& overlay)>& change) {
  const agent::Environment environment =
      agent::prepare(agent::load_config(office.agent.config_file(), agent::process_environ()));
  const auto store = agent::open_store(environment);
  state::Overlay overlay{*store};
  change(environment.plan, overlay);
  overlay.commit(std::nullopt, std::nullopt);
}

core::TableId table(const mapping::Plan& plan, const char* name) { return plan.find_table({"public", name})->id; }

}  // namespace

// reliability 103, 175
BOOST_AUTO_TEST_CASE(what_a_spoilt_local_state_led_to_is_found_and_the_state_itself_is_not_believed) {
  const Office office;
  office.bring_over();
  spoil(office, [](const mapping::Plan& plan, state::Overlay& overlay) {
    const core::TableId team = table(plan, "team");
    const core::TableId person = table(plan, "person");
    overlay.put_image(team, number(2), *overlay.image(team, number(5)));        // a joined row that is another
    overlay.set_status(team, number(3), 0, core::RowStatus::Parked);            // a parent that is there
    overlay.set_status(person, number(20), 0, core::RowStatus::Applied);        // a row that was filtered
    overlay.set_status(person, number(30), 0, core::RowStatus::Quarantined);    // one that is well
    overlay.put_image(person, number(40), *overlay.image(person, number(41)));  // one that has other values
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

BOOST_AUTO_TEST_CASE(a_state_directory_that_another_process_holds_and_does_not_answer_for_is_refused) {
  const Office office;
  office.bring_over();
  const auto store =
      agent::open_store(agent::prepare(agent::load_config(office.agent.config_file(), agent::process_environ())));
  const auto result = office.agent.command({"validate"});
  BOOST_TEST(result.exit_code == 5, result.err);
  BOOST_TEST(result.out.empty());
}
