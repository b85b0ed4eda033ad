// The slot on the source: gone, another one, lost, ahead, or held by somebody.
#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/integration/startup/disagreement.hpp"
#include "tests/support/wait.hpp"

namespace {

using startup::Disagreement;

tests::Cluster& source_server() { return tests::shared_servers().source_cluster; }

std::string make_slot(const std::string& name) {
  return "SELECT pg_create_logical_replication_slot('" + name + "', 'pgoutput')";
}

}  // namespace

// reliability 30
BOOST_AUTO_TEST_CASE(a_dropped_slot_is_refused_until_copied_anew) {
  Disagreement world;
  world.drop_slot();
  world.change(0, 5);
  world.expect_refused(6, {"does not exist", world.pair.name, "applied_lsn=" + world.checkpoint()});
  world.expect_remedy_copy_anew_converges();
}

// reliability 31
BOOST_AUTO_TEST_CASE(a_slot_made_again_while_nothing_happened_is_refused_also_when_the_state_is_lost) {
  Disagreement world;
  world.drop_slot();
  world.pair.source_admin.exec(make_slot(world.pair.name));
  world.expect_refused(6, {"made again", "confirmed_flush_lsn=", "applied_lsn=" + world.checkpoint()});
  world.lose_state();
  world.expect_refused(6, {"made again", "confirmed_flush_lsn=", "applied_lsn=" + world.checkpoint()});
  world.change(0, 5);
  world.expect_remedy_copy_anew_converges();
}

// reliability 31
BOOST_AUTO_TEST_CASE(a_slot_made_again_under_a_running_agent_stops_it) {
  Disagreement world;
  world.pair.agent.start();
  world.pair.agent.wait_streaming();
  const auto is_replaced = [&] {
    try {
      world.pair.source_admin.exec(
          "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '" + world.pair.name +
          "' AND active_pid IS NOT NULL");
      world.drop_slot();
    } catch (const tests::SqlError&) {
      return false;  // the agent was faster
    }
    world.change(0, 3);
    world.pair.source_admin.exec(make_slot(world.pair.name));
    return true;
  };
  tests::wait_until(is_replaced, "the slot to be free for a moment");
  BOOST_TEST(world.pair.agent.wait() == 6, world.pair.agent.process().err());
  world.expect_remedy_copy_anew_converges();
}

// reliability 34
BOOST_AUTO_TEST_CASE(a_slot_that_somebody_else_has_read_is_refused_until_copied_anew) {
  Disagreement world;
  world.change(0, 5);
  world.pair.source_admin.exec("SELECT pg_replication_slot_advance('" + world.pair.name +
                               "', pg_current_wal_insert_lsn())");
  world.expect_refused(6, {"ahead", "confirmed_flush_lsn=", "applied_lsn=" + world.checkpoint()});
  world.expect_remedy_copy_anew_converges();
}

// reliability 32
BOOST_AUTO_TEST_CASE(an_invalidated_slot_is_refused_until_copied_anew) {
  Disagreement world;
  const tests::Database admin = source_server().database();
  admin.exec("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
  source_server().reload();
  const auto is_lost = [&] {
    world.change(0, 1);
    admin.exec("SELECT pg_switch_wal(); CHECKPOINT");
    return admin.query_value("SELECT wal_status FROM pg_replication_slots WHERE slot_name = '" + world.pair.name +
                             "'") == "lost";
  };
  world.pair.source.exec("DELETE FROM person_badge WHERE id >= 10000; DELETE FROM person WHERE id >= 10000");
  tests::wait_until(is_lost, "the slot to be invalidated");
  admin.exec("ALTER SYSTEM RESET max_slot_wal_keep_size");
  source_server().reload();
  world.expect_refused(6, {"invalidated", "wal_status=lost", "max_slot_wal_keep_size", world.pair.name});
  world.expect_remedy_copy_anew_converges();
}

// reliability 156
BOOST_AUTO_TEST_CASE(a_slot_that_the_source_will_give_up_soon_is_foretold_with_what_keeps_it) {
  Disagreement world;
  const tests::Database admin = source_server().database();
  admin.exec("ALTER SYSTEM SET max_slot_wal_keep_size = '1GB'");
  source_server().reload();
  world.pair.agent.start();
  world.pair.agent.wait_streaming();
  tests::Sql other = world.pair.target.session();
  other.exec("BEGIN; LOCK TABLE people");
  world.change(0, 5);
  const auto is_foretold = [&] {
    admin.exec("SELECT pg_logical_emit_message(false, '', repeat('x', 262144))");
    return world.pair.agent.process().err().find("the source will give up the slot") != std::string::npos;
  };
  tests::wait_until(is_foretold, "the agent to warn");
  const std::string said = world.pair.agent.process().err();
  BOOST_TEST(said.find("slot=" + world.pair.name + " lost_in_s=") != std::string::npos, said);
  BOOST_TEST(said.find("the target takes less than the source writes") != std::string::npos, said);
  BOOST_TEST(world.pair.agent.command({"status"}).out.find(" min at this rate") != std::string::npos);
  other.exec("ROLLBACK");
  world.pair.agent.wait_applied();
  BOOST_TEST(world.pair.agent.stop() == 0, world.pair.agent.process().err());
  admin.exec("ALTER SYSTEM RESET max_slot_wal_keep_size");
  source_server().reload();
  world.expect_equal();
}

BOOST_AUTO_TEST_CASE(a_slot_of_another_kind_under_the_name_is_refused_and_left_alone) {
  Disagreement world;
  world.drop_slot();
  world.pair.source_admin.exec("SELECT pg_create_physical_replication_slot('" + world.pair.name + "')");
  world.expect_refused(6, {"not one of this program", "plugin=none"});
  world.drop_slot();
  world.pair.source_admin.exec("SELECT pg_create_logical_replication_slot('" + world.pair.name + "', 'test_decoding')");
  world.expect_refused(6, {"plugin=test_decoding", "expected=pgoutput"});
  world.drop_slot();
  source_server().database().exec(make_slot(world.pair.name));
  world.expect_refused(6, {"belongs to another database", "database=postgres", "expected=" + world.pair.name});
  world.drop_slot();
  tests::Sql session = world.pair.source_admin.session();
  session.exec("SELECT pg_create_logical_replication_slot('" + world.pair.name + "', 'pgoutput', true)");
  world.expect_refused(6, {"temporary"});
}

BOOST_AUTO_TEST_CASE(a_slot_that_nothing_says_is_ours_is_left_alone) {
  crash::Staff world;
  world.pair.source_admin.exec(make_slot(world.pair.name));
  for (int i = 0; i < 2; ++i) {
    const tests::CommandResult result = world.pair.agent.command({"run"});
    BOOST_TEST(result.exit_code == 6, result.err);
    BOOST_TEST(result.err.find("pg_drop_replication_slot('" + world.pair.name + "')") != std::string::npos, result.err);
  }
  world.pair.source_admin.exec("SELECT pg_drop_replication_slot('" + world.pair.name + "')");
  world.pair.bring_over();
  world.expect_equal();
}

// reliability 28, 38
BOOST_AUTO_TEST_CASE(an_orphan_of_the_last_run_is_waited_for) {
  Disagreement world;
  world.pair.agent.start();
  world.pair.agent.wait_streaming();
  const int orphan = std::stoi(
      world.pair.source_admin
          .query_value("SELECT active_pid FROM pg_replication_slots WHERE slot_name = '" + world.pair.name + "'")
          .value());
  BOOST_REQUIRE(::kill(orphan, SIGSTOP) == 0);  // does not notice that the agent is gone
  world.pair.agent.kill();
  world.change(0, 3);
  world.pair.agent.start();
  world.pair.agent.process().wait_for_line("held by this agent's last run.*pid=" + std::to_string(orphan));
  BOOST_REQUIRE(::kill(orphan, SIGCONT) == 0);
  world.pair.agent.wait_streaming();
  world.pair.agent.wait_applied();
  BOOST_TEST(world.pair.agent.stop() == 0, world.pair.agent.process().err());
  world.expect_equal();
}

// reliability 28, 38
BOOST_AUTO_TEST_CASE(a_slot_that_somebody_else_holds_is_refused_with_the_pid_of_the_holder) {
  Disagreement world;
  world.pair.agent.start();
  world.pair.agent.wait_streaming();
  const std::string holder =
      world.pair.source_admin
          .query_value("SELECT active_pid FROM pg_replication_slots WHERE slot_name = '" + world.pair.name + "'")
          .value();
  const tests::AgentUnderTest second(world.pair.agent.options());
  const tests::CommandResult refused = second.command({"run"});
  BOOST_TEST(refused.exit_code == 5, refused.err);
  BOOST_TEST(refused.err.find("holder_pid=" + holder) != std::string::npos, refused.err);
  BOOST_TEST(refused.err.find("remedy:") != std::string::npos, refused.err);
  world.change(0, 3);
  world.pair.agent.wait_applied();
  BOOST_TEST(world.pair.agent.stop() == 0, world.pair.agent.process().err());
  world.expect_equal();
}

// reliability 44, 151
BOOST_AUTO_TEST_CASE(a_slot_waits_for_open_transactions_and_names_whom_it_waits_for) {
  crash::Staff world;
  tests::Sql idle = world.pair.source.session();
  idle.exec("BEGIN; INSERT INTO person VALUES (5000, 'open across the start', NULL, NULL, NULL)");
  world.pair.agent.start();
  world.pair.agent.process().wait_for_line("waits for.*pid " + std::to_string(idle.backend_pid()));
  for (int n = 0; n < 5; ++n) world.change(n);
  idle.exec("COMMIT");
  world.pair.agent.wait_streaming();
  world.pair.agent.wait_applied();
  BOOST_TEST(world.pair.agent.stop() == 0, world.pair.agent.process().err());
  BOOST_TEST(world.pair.on_target("SELECT count(*) FROM people WHERE legacy_id = 5000") == "1");
  world.expect_equal();
}

// reliability 44
BOOST_AUTO_TEST_CASE(an_agent_stopped_while_its_slot_waits_leaves_none_behind) {
  crash::Staff world;
  tests::Sql idle = world.pair.source.session();
  idle.exec("BEGIN; INSERT INTO person VALUES (5000, 'open across the start', NULL, NULL, NULL)");
  world.pair.agent.start();
  world.pair.agent.process().wait_for_line("waits for.*pid " + std::to_string(idle.backend_pid()));
  world.pair.agent.kill();
  idle.exec("COMMIT");
  world.pair.agent.start();
  world.pair.agent.wait_streaming();
  world.pair.agent.wait_applied();
  BOOST_TEST(world.pair.agent.stop() == 0, world.pair.agent.process().err());
  BOOST_TEST(world.pair.source_admin
                 .query_value("SELECT count(*) FROM pg_replication_slots WHERE database = current_database()")
                 .value() == "1");
  world.expect_equal();
}

// reliability 48
BOOST_AUTO_TEST_CASE(a_transaction_prepared_before_the_slot_arrives_once) {
  crash::Staff world;
  world.pair.source.exec(
      "BEGIN; INSERT INTO person VALUES (5000, 'prepared', NULL, NULL, NULL); PREPARE TRANSACTION '" + world.pair.name +
      "'");
  world.pair.agent.start();
  world.pair.agent.process().wait_for_line("waits for.*prepared");
  world.pair.source.exec("COMMIT PREPARED '" + world.pair.name + "'");
  world.pair.agent.wait_streaming();
  world.pair.agent.wait_applied();
  BOOST_TEST(world.pair.agent.stop() == 0, world.pair.agent.process().err());
  BOOST_TEST(world.pair.on_target("SELECT count(*) FROM people WHERE legacy_id = 5000") == "1");
  world.expect_equal();
}
