// The mapping is another one than that under which the target was copied: what is compared again, and what may not change, by name.
#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <string>

#include "tests/integration/startup/disagreement.hpp"

namespace {

using startup::Disagreement;

struct Changed : Disagreement {
  /// Replaces a part of mapping.yaml.
  void edit(const std::string& from, const std::string& to) {
    std::string& mapping = pair.agent.options().mapping;
    const std::size_t at = mapping.find(from);
    if (at == std::string::npos) throw std::logic_error("the mapping has no " + from);
    mapping.replace(at, from.size(), to);
    pair.agent.configure();
  }

  /// Runs the agent until everything is applied; returns what it said.
  std::string run() {
    pair.agent.start();
    pair.agent.wait_streaming();
    pair.agent.wait_applied();
    BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
    return pair.agent.process().err();
  }
  [[nodiscard]] std::string check() const { return pair.agent.command({"check"}).out; }
};

void expect_says(const std::string& said, const std::string& text) {
  BOOST_TEST(said.find(text) != std::string::npos, "does not say \"" << text << "\": " << said);
}

}  // namespace

// reliability 167
BOOST_AUTO_TEST_CASE(a_mapping_that_means_the_same_needs_nothing) {
  Changed world;
  world.edit("version: 1\n", "version: 1\n# said otherwise\n");
  BOOST_TEST(world.check().find("has changed") == std::string::npos, world.check());
  BOOST_TEST(world.run().find("has changed") == std::string::npos);
  world.expect_equal();
}

// reliability 167
BOOST_AUTO_TEST_CASE(a_changed_expression_has_the_rows_of_its_route_compared) {
  Changed world;
  world.change(0, 3);
  world.edit("upper(team.name)", "lower(team.name)");
  expect_says(world.check(), "changed: people");
  const tests::CommandResult sync = world.pair.agent.command({"sync", "--until-current"});
  BOOST_TEST(sync.exit_code == 6, sync.err);
  expect_says(sync.err, "agent run");
  expect_says(world.run(), "changed: people");
  BOOST_TEST(world.pair.on_target("SELECT count(*) FROM people p JOIN teams t ON t.id = p.team_id WHERE p.team_name IS "
                                  "DISTINCT FROM lower(t.name)") == "0");
  BOOST_TEST(world.check().find("has changed") == std::string::npos, world.check());
  world.edit("lower(team.name)", "upper(team.name)");
  world.change(3, 6);
  expect_says(world.run(), "changed: people");
  world.expect_equal();
}

// reliability 167
BOOST_AUTO_TEST_CASE(a_changed_filter_takes_rows_away_and_gives_them_back) {
  Changed world;
  world.edit("where: active", "where: active AND id > 20");
  expect_says(world.check(), "changed: teams");
  expect_says(world.run(), "changed: teams");
  BOOST_TEST(world.pair.on_target("SELECT count(*) FROM teams WHERE legacy_id <= 20") == "0");
  world.change(0, 3);
  world.edit("where: active AND id > 20", "where: active");
  world.run();
  world.expect_equal();
}

// reliability 47, 167
BOOST_AUTO_TEST_CASE(a_route_that_is_added_is_copied_and_one_that_is_taken_away_leaves_its_rows) {
  Changed world;
  const std::string route =
      "  - from: extra\n    to: extras\n    entity: extra\n    columns: { label: label, legacy_id: id }\n";
  world.pair.target.exec("CREATE TABLE extras (id uuid PRIMARY KEY, label text, legacy_id integer UNIQUE)");
  // Its rows are from before it was published, and there is a backlog of everything else.
  world.pair.source.exec(
      "CREATE TABLE extra (id integer PRIMARY KEY, label text); INSERT INTO extra SELECT i, 'old' FROM "
      "generate_series(1, 50) i");
  world.change(0, 3);
  world.pair.source.exec("UPDATE extra SET label = 'new' WHERE id % 2 = 0; DELETE FROM extra WHERE id = 9");
  world.edit("routes:\n", "routes:\n" + route);
  expect_says(world.check(), "added: extras");
  expect_says(world.run(), "added: extras");
  world.pair.source.exec("UPDATE extra SET label = 'newest' WHERE id = 5; DELETE FROM extra WHERE id = 10");
  world.run();
  const std::string extras = "SELECT md5(string_agg(legacy_id || label, ',' ORDER BY legacy_id)) FROM extras";
  BOOST_TEST(world.pair.on_target(extras) ==
             world.pair.source.query_value("SELECT md5(string_agg(id || label, ',' ORDER BY id)) FROM extra").value());
  const std::string before = world.pair.on_target(extras);
  world.edit(route, "");
  world.edit("routes:\n", "ignore: { extra: maintained elsewhere from now on }\nroutes:\n");
  expect_says(world.check(), "removed: extras");
  world.pair.source.exec("DELETE FROM extra WHERE id = 1");
  expect_says(world.run(), "removed: extras");
  BOOST_TEST(world.pair.on_target(extras) == before);
  world.expect_equal();
}

// reliability 159, 167
BOOST_AUTO_TEST_CASE(what_would_change_ids_is_refused_with_both_values) {
  Changed world;
  world.edit("6ba7b811-9dad-11d1-80b4-00c04fd430c8", "6ba7b812-9dad-11d1-80b4-00c04fd430c8");
  world.expect_refused(
      6, {"namespace", "known=6ba7b811-9dad-11d1-80b4-00c04fd430c8", "given=6ba7b812-9dad-11d1-80b4-00c04fd430c8"});
  world.lose_state();
  world.expect_refused(6, {"namespace"});
  world.edit("6ba7b812-9dad-11d1-80b4-00c04fd430c8", "6ba7b811-9dad-11d1-80b4-00c04fd430c8");
  world.edit("entity: badge", "entity: medal");
  world.edit("ref('badge', badge_id)", "ref('medal', badge_id)");
  world.expect_refused(6, {"the entity of the route badges", "known=badge", "given=medal"});
  world.edit("entity: medal", "entity: badge");
  world.edit("ref('medal', badge_id)", "ref('badge', badge_id)");
  world.change(0, 3);
  world.expect_convergence();
}
