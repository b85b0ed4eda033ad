// The source is not the one that was copied, or not at the moment that was copied.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/integration/startup/disagreement.hpp"
#include "tests/support/sanitizer.hpp"
#include "tests/support/wait.hpp"

namespace {

using startup::Disagreement;

tests::Cluster& source_server() { return tests::shared_servers().source_cluster; }

/// Puts the image of the source's disk back that was kept by keep().
void put_back() {
  source_server().stop();
  source_server().restore_image();
  source_server().start();
}
void keep() {
  source_server().stop();
  source_server().save_image();
  source_server().start();
}

/// The agent is pointed at another server.
void connect_to(const Disagreement& world, const tests::Cluster& server) {
  auto& agent = const_cast<tests::AgentUnderTest&>(world.pair.agent);
  agent.options().source_url = server.url(world.pair.name, "dispatch_sync");
  agent.configure();
}

tests::ClusterOptions standby_options(bool follows) {
  return {.name = follows ? "standby" : "restored",
          .wal_level = "logical",
          // The log that the slot needs stays, though nothing on a standby holds it.
          .conf = {"max_replication_slots = 40", "max_wal_senders = 20", "max_prepared_transactions = 10",
                   "wal_keep_size = '1GB'"},
          .backup_of = source_server().url(),
          .follows = follows};
}

}  // namespace

// reliability 33, 36
BOOST_AUTO_TEST_CASE(a_source_set_back_by_an_image_of_its_disk_is_told_by_the_end_of_its_log) {
  Disagreement world;
  keep();
  world.change(0, 5);
  world.change_everything();
  world.pair.bring_over();
  put_back();
  world.expect_refused(6, {"set back", "source_lsn=", "applied_lsn=" + world.checkpoint()});
  world.lose_state();
  world.expect_refused(6, {"set back", "source_lsn=", "applied_lsn=" + world.checkpoint()});
  world.expect_remedy_copy_anew_converges();
}

// reliability 33, 36
BOOST_AUTO_TEST_CASE(a_source_set_back_that_has_run_on_is_told_by_its_mark) {
  Disagreement world;
  keep();
  world.change(0, 5);
  world.pair.bring_over();
  put_back();
  const auto is_beyond = [&] {
    world.pair.source_admin.exec("SELECT pg_switch_wal(); UPDATE badge SET label = 'another history ' || id");
    return world.pair.source_admin.query_value("SELECT pg_current_wal_lsn() > '" + world.checkpoint() + "'") == "t";
  };
  tests::wait_until(is_beyond, "the source's log to run beyond the checkpoint");
  world.expect_refused(6, {"set back", "source_mark=", "target_mark="});
  world.lose_state();
  world.expect_refused(6, {"set back", "source_mark=", "target_mark="});
  world.expect_remedy_copy_anew_converges();
}

// reliability 33, 36
BOOST_AUTO_TEST_CASE(a_source_set_back_under_a_running_agent_stops_it) {
  Disagreement world;
  keep();
  world.change(0, 5);
  world.change_everything();
  world.pair.agent.start();
  world.pair.agent.wait_streaming();
  world.pair.agent.wait_applied();
  put_back();
  BOOST_TEST(world.pair.agent.wait() == 6, world.pair.agent.process().err());
  // Which is looked at first is a matter of moments: the end of the log by the stream, or the mark by the watch beside it.
  const std::string said = world.pair.agent.process().err();
  BOOST_TEST((said.find("source_lsn=") != std::string::npos || said.find("source_mark=") != std::string::npos), said);
  world.expect_remedy_copy_anew_converges();
}

// reliability 37
BOOST_AUTO_TEST_CASE(a_promoted_standby_without_the_slot_is_refused_until_copied_anew) {
  Disagreement world;
  tests::Cluster standby(standby_options(true));
  world.change(0, 3);
  world.pair.bring_over();
  const std::string end = source_server().database().query_value("SELECT pg_current_wal_flush_lsn()").value();
  tests::wait_until(
      [&] { return standby.database().query_value("SELECT pg_last_wal_replay_lsn() >= '" + end + "'") == "t"; },
      "the standby to have replayed everything");
  standby.promote();
  connect_to(world, standby);
  world.expect_refused(6,
                       {"the replication slot does not exist", world.pair.name, "applied_lsn=" + world.checkpoint()});
  // To the letter; there is no slot to drop.
  world.pair.target.exec("DELETE FROM dispatch_sync.checkpoint WHERE slot = '" + world.pair.name + "'");
  world.lose_state();
  standby.database(world.pair.name)
      .exec("DELETE FROM person WHERE id < 50; UPDATE team SET name = 'after the fail-over'");
  world.pair.agent.start();
  world.pair.agent.wait_streaming();
  world.pair.agent.wait_applied();
  BOOST_TEST(world.pair.agent.stop() == 0, world.pair.agent.process().err());
  BOOST_TEST(world.pair.on_target("SELECT count(*) FROM people WHERE legacy_id < 50") == "0");
  BOOST_TEST(world.pair.on_target("SELECT count(*) FROM teams WHERE name <> 'after the fail-over'") == "0");
}

// reliability 37
BOOST_AUTO_TEST_CASE(a_promoted_standby_that_has_the_slot_and_everything_applied_goes_on) {
  tests::Cluster standby(standby_options(true));  // before the slot, so that it gets all of the log that this needs
  Disagreement world;
  world.change(0, 3);
  world.pair.bring_over();
  // Committed before the fail-over, not yet read: these come from the slot on the new server.
  world.change(3, 6);
  source_server().stop();  // in order: the standby has it all
  standby.stop();
  standby.take_slot(source_server(), world.pair.name);
  standby.start();
  standby.promote();
  source_server().start();  // for what the test compares with; nobody writes to it
  connect_to(world, standby);
  world.pair.agent.start();
  world.pair.agent.process().wait_for_line("the source was promoted and has everything");
  world.pair.agent.wait_streaming();
  world.pair.agent.wait_applied();
  BOOST_TEST(world.pair.agent.stop() == 0, world.pair.agent.process().err());
  world.expect_equal();
  // The new timeline is the known one from now on.
  BOOST_TEST(world.pair.on_target("SELECT source_timeline FROM dispatch_sync.checkpoint") == "2");
  // And the old server is no longer the source.
  connect_to(world, source_server());
  world.expect_refused(6, {"copied_timeline=2", "source_timeline=1"});
}

// reliability 36
BOOST_AUTO_TEST_CASE(a_source_restored_to_a_moment_before_the_checkpoint_is_told_by_its_timeline) {
  Disagreement world;
  tests::Cluster restored(standby_options(false));
  world.change(0, 5);
  world.pair.bring_over();
  source_server().stop();
  restored.stop();
  restored.take_slot(source_server(), world.pair.name);
  restored.start();
  source_server().start();
  connect_to(world, restored);
  world.expect_refused(6, {"copied_timeline=1", "source_timeline=2", "left_timeline_at=", "applied_lsn="});
  const tests::CommandResult check = world.pair.agent.command({"check"});
  BOOST_TEST(check.exit_code == 1, check.out);
  BOOST_TEST(check.out.find("source_timeline") != std::string::npos, check.out);
}

// reliability 36, 152
BOOST_AUTO_TEST_CASE(another_database_of_the_same_server_is_refused_with_both_names) {
  Disagreement world;
  const crash::Staff other;  // the same tables in a database of its own
  auto& agent = world.pair.agent;
  agent.options().source_url = source_server().url(other.pair.name, "dispatch_sync");
  agent.configure();
  world.expect_refused(5, {"stored_source_database=" + world.pair.name, "given_source_database=" + other.pair.name});
  world.lose_state();
  world.expect_refused(6, {"copied_database=" + world.pair.name, "source_database=" + other.pair.name});
  agent.options().source_url = source_server().url(world.pair.name, "dispatch_sync");
  agent.configure();
  world.change(0, 3);
  world.lose_state();
  world.expect_convergence();
}

// reliability 152
BOOST_AUTO_TEST_CASE(the_state_directory_of_another_target_is_refused_with_both_names) {
  Disagreement world;
  const crash::Staff other;
  world.pair.agent.options().target_url = other.pair.target.url();
  world.pair.agent.configure();
  world.expect_refused(5, {"stored_target_database=" + world.pair.name, "given_target_database=" + other.pair.name});
}

// reliability 128
BOOST_AUTO_TEST_CASE(a_source_that_restarts_is_followed_again_and_is_not_kept_from_stopping) {
  Disagreement world;
  world.pair.agent.start();
  world.pair.agent.wait_streaming();
  int n = 0;
  for (const tests::StopMode mode : {tests::StopMode::Fast, tests::StopMode::Immediate, tests::StopMode::Fast}) {
    world.change(n, n + 3);
    n += 3;
    const auto begin = std::chrono::steady_clock::now();
    source_server().stop(mode);
    BOOST_TEST((std::chrono::steady_clock::now() - begin < std::chrono::seconds(20) * tests::kSlowness));
    source_server().start();
    world.change(n, n + 3);
    n += 3;
    world.pair.agent.wait_applied();
  }
  BOOST_TEST(world.pair.agent.stop() == 0, world.pair.agent.process().err());
  world.expect_equal();
}

// reliability 13
BOOST_AUTO_TEST_CASE(the_right_to_read_tables_is_not_needed_once_they_are_copied) {
  Disagreement world;
  const tests::Database admin = source_server().database();
  admin.exec("REVOKE dispatch FROM dispatch_sync");
  world.change(0, 5);
  world.pair.agent.start();
  world.pair.agent.wait_streaming();
  world.pair.agent.wait_applied();
  BOOST_TEST(world.pair.agent.stop() == 0, world.pair.agent.process().err());
  admin.exec("GRANT dispatch TO dispatch_sync");
  world.expect_equal();
}

// reliability 155
BOOST_AUTO_TEST_CASE(a_role_that_may_only_log_in_replicate_and_read_is_enough_where_the_publication_is_given) {
  crash::Staff world;
  const tests::Database admin = source_server().database();
  admin.exec("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN REPLICATION");
  world.pair.source_admin.exec(
      "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; CREATE PUBLICATION dispatch_sync FOR TABLE team, person, "
      "badge, person_badge WITH (publish_via_partition_root = true)");
  world.pair.agent.options().source_url = source_server().url(world.pair.name, "reader");
  world.pair.agent.configure();
  world.pair.bring_over();
  for (int n = 0; n < 5; ++n) world.change(n);
  const std::string said = world.pair.agent.command({"sync", "--until-current"}).err;
  BOOST_TEST(said.find("cannot be marked") != std::string::npos, said);
  world.expect_equal();
}
