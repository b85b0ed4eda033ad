// What was not published was not sent: the agent finds it at its start, and while it runs.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/integration/startup/disagreement.hpp"
#include "tests/support/small_pair.hpp"

namespace {

using startup::Disagreement;

constexpr const char* kMakeAgain =
    "DROP PUBLICATION IF EXISTS dispatch_sync; CREATE PUBLICATION dispatch_sync FOR TABLE team, person, badge, "
    "person_badge WITH (publish_via_partition_root = true)";

/// A running agent stops for this change of the publication, with these words.
void expect_stopped_by(Disagreement& world, const std::string& change, const std::string& words) {
  world.pair.agent.start();
  world.pair.agent.wait_streaming();
  world.pair.source_admin.exec(change);
  world.change(0, 3);
  const int code = world.pair.agent.wait();
  const std::string said = world.pair.agent.process().err();
  BOOST_TEST(code == 6, said);
  BOOST_TEST(said.find(words) != std::string::npos, said);
}

}  // namespace

// reliability 46
BOOST_AUTO_TEST_CASE(a_publication_dropped_while_the_agent_was_down_is_refused_until_copied_anew) {
  Disagreement world;
  world.pair.source_admin.exec("DROP PUBLICATION dispatch_sync");
  world.change(0, 3);
  world.expect_refused(6, {"the publication is gone", "dispatch_sync", world.pair.name});
  world.expect_remedy_copy_anew_converges();
}

// reliability 46
BOOST_AUTO_TEST_CASE(a_publication_made_again_while_the_agent_was_down_is_told_by_its_oid) {
  Disagreement world;
  const auto oid = [&] {
    return world.pair.source_admin.query_value("SELECT oid FROM pg_publication WHERE pubname = 'dispatch_sync'")
        .value();
  };
  const std::string known = oid();
  world.pair.source_admin.exec("DROP PUBLICATION dispatch_sync");
  world.change(0, 3);
  world.pair.source_admin.exec(kMakeAgain);
  world.expect_refused(6, {"made again", "known_oid=" + known, "found_oid=" + oid()});
  // The state directory is not what knows it.
  world.lose_state();
  world.expect_refused(6, {"made again", "known_oid=" + known, "found_oid=" + oid()});
  world.expect_remedy_copy_anew_converges();
}

// reliability 46, 137
BOOST_AUTO_TEST_CASE(a_publication_dropped_under_a_running_agent_stops_it_and_a_restart_refuses) {
  Disagreement world;
  expect_stopped_by(world, "DROP PUBLICATION dispatch_sync", "publication");
  world.expect_refused(6, {"the publication is gone"});
  world.expect_remedy_copy_anew_converges();
}

// reliability 47, 137
BOOST_AUTO_TEST_CASE(a_table_that_was_not_published_for_a_while_is_read_anew) {
  Disagreement world;
  world.pair.source_admin.exec("ALTER PUBLICATION dispatch_sync DROP TABLE person, person_badge");
  world.change(0, 5);
  const tests::CommandResult sync = world.pair.agent.command({"sync", "--until-current"});
  BOOST_TEST(sync.exit_code == 6, sync.err);  // reads no rows anew, and says who does
  BOOST_TEST(sync.err.find("agent run") != std::string::npos, sync.err);
  world.change(5, 8);
  world.expect_convergence();
  world.change(8, 11);
  world.expect_convergence();
}

// reliability 47, 137
BOOST_AUTO_TEST_CASE(a_table_taken_out_of_the_publication_and_put_in_again_is_read_anew) {
  Disagreement world;
  world.pair.source_admin.exec("ALTER PUBLICATION dispatch_sync DROP TABLE person, team");
  world.change(0, 5);
  world.pair.source_admin.exec("ALTER PUBLICATION dispatch_sync ADD TABLE person, team");
  world.change(5, 8);
  world.pair.agent.start();
  world.pair.agent.process().wait_for_line("read anew.*table=person");
  world.pair.agent.wait_streaming();
  world.pair.agent.wait_applied();
  BOOST_TEST(world.pair.agent.stop() == 0);
  world.expect_equal();
  world.change(8, 11);
  world.expect_convergence();
}

// reliability 137
BOOST_AUTO_TEST_CASE(operations_that_were_not_published_have_all_tables_read_anew) {
  Disagreement world;
  world.pair.source_admin.exec("ALTER PUBLICATION dispatch_sync SET (publish = 'insert')");
  world.change(0, 5);
  world.expect_convergence();
}

// reliability 137
BOOST_AUTO_TEST_CASE(operations_that_were_not_published_for_a_moment_have_all_tables_read_anew) {
  Disagreement world;
  const auto hide_an_update = [&](int id) {
    world.pair.source_admin.exec("ALTER PUBLICATION dispatch_sync SET (publish = 'insert')");
    world.pair.source.exec("UPDATE person SET note = 'unseen' WHERE id = " + std::to_string(id));
    world.pair.source_admin.exec("ALTER PUBLICATION dispatch_sync SET (publish = 'insert, update, delete, truncate')");
  };
  hide_an_update(10);
  world.expect_convergence();
  world.pair.agent.start();
  world.pair.agent.wait_streaming();
  hide_an_update(11);
  const int code = world.pair.agent.wait();
  BOOST_TEST(code == 6, world.pair.agent.process().err());
  world.expect_convergence();
  BOOST_TEST(world.pair.on_target("SELECT count(*) FROM people WHERE note = 'unseen'") == "2");
}

// reliability 137, 138
BOOST_AUTO_TEST_CASE(a_row_filter_set_by_somebody_else_has_its_table_read_anew) {
  Disagreement world;
  world.pair.source_admin.exec(
      "ALTER PUBLICATION dispatch_sync SET TABLE team, person WHERE (id > 1000), badge, person_badge");
  world.change(0, 5);
  world.expect_convergence();
}

// reliability 137
BOOST_AUTO_TEST_CASE(a_table_taken_out_under_a_running_agent_stops_it_and_is_read_anew_by_the_next) {
  Disagreement world;
  expect_stopped_by(world, "ALTER PUBLICATION dispatch_sync DROP TABLE person", "table=person");
  world.expect_convergence();
}

// reliability 137
BOOST_AUTO_TEST_CASE(a_schema_taken_out_and_put_back_has_its_tables_read_anew) {
  tests::SmallPair pair(
      "CREATE TABLE item (id integer PRIMARY KEY, name text);"
      "INSERT INTO item SELECT i, 'v' || i FROM generate_series(1, 20) i",
      "CREATE TABLE items (id uuid PRIMARY KEY, name text, legacy_id integer)",
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n"
      "  - { from: item, to: items, entity: item, columns: { name: name, legacy_id: id } }\n");
  pair.source_admin.exec(
      "CREATE PUBLICATION dispatch_sync FOR TABLES IN SCHEMA public WITH (publish_via_partition_root = true)");
  const auto change_aside = [&pair](const std::string& row) {
    pair.source_admin.exec("ALTER PUBLICATION dispatch_sync DROP TABLES IN SCHEMA public");
    pair.source.exec("UPDATE item SET name = 'aside' WHERE id = " + row + "; DELETE FROM item WHERE id = 1 + " + row +
                     "; INSERT INTO item VALUES (100 + " + row + ", 'aside')");
    pair.source_admin.exec("ALTER PUBLICATION dispatch_sync ADD TABLES IN SCHEMA public");
  };
  const auto expect_equal = [&pair] {
    const std::string expected = tests::as_text(pair.source.query_rows("SELECT id, name FROM item ORDER BY 1"));
    BOOST_TEST(tests::as_text(pair.target.query_rows("SELECT legacy_id, name FROM items ORDER BY 1")) == expected);
  };
  const auto follow = [&pair, &expect_equal] {
    pair.agent.start();
    pair.agent.wait_streaming();
    pair.agent.wait_applied();
    expect_equal();
  };
  pair.bring_over();
  change_aside("7");
  follow();
  change_aside("12");
  BOOST_TEST(pair.agent.wait() == 6, pair.agent.process().err());
  follow();
  BOOST_TEST(pair.agent.stop() == 0);
}

// reliability 45
BOOST_AUTO_TEST_CASE(publication_and_slot_are_made_in_the_order_that_decodes_everything) {
  const Disagreement world;
  // Of a publication made after the slot the server cannot decode what came before it; `agent check` tells by the transaction's age.
  const tests::CommandResult check = world.pair.agent.command({"check"});
  BOOST_TEST(check.exit_code == 0, check.out << check.err);
  BOOST_TEST(check.out.find("made after the slot") == std::string::npos, check.out);
}
