// What the agent says, and how it ends, when something around it is wrong. Each test reads the message and the exit code.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/small_pair.hpp"
#include "tests/support/wait.hpp"

namespace {

using tests::CommandResult;
using tests::SmallPair;

const std::string kSource =
    "CREATE TABLE person (id integer PRIMARY KEY, name text); INSERT INTO person SELECT i, 'p' || i FROM "
    "generate_series(1, 300) i";
const std::string kTarget = "CREATE TABLE people (id uuid PRIMARY KEY, name text, legacy_id integer)";
// Line 8 is the one that the tests spoil.
const std::string kMapping =
    "version: 1\n"
    "namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\n"
    "routes:\n"
    "  - from: person\n"
    "    to: people\n"
    "    entity: person\n"
    "    columns:\n"
    "      name: name\n"
    "      legacy_id: id\n";

struct People : SmallPair {
  People() : SmallPair(kSource, kTarget, kMapping) {}

  [[nodiscard]] std::string names() const {
    return on_target("SELECT md5(string_agg(name || id, ',' ORDER BY legacy_id)) FROM people");
  }
  [[nodiscard]] std::string count() const { return on_target("SELECT count(*) FROM people"); }
};

void expect_end(const CommandResult& result, int exit_code, const std::string& said) {
  BOOST_TEST(result.exit_code == exit_code, "ended with " << result.exit_code << ": " << result.err);
  BOOST_TEST(result.err.find(said) != std::string::npos, "does not say \"" << said << "\": " << result.err);
}

/// A role that must give a password, on either server. The rules of pg_hba.conf that trust everybody come after.
void require_password_of(tests::Cluster& cluster, const std::string& role) {
  const std::filesystem::path path = cluster.data_dir() / "pg_hba.conf";
  std::ifstream in(path);
  const std::string rules((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  cluster.database().exec("SET password_encryption = 'scram-sha-256'; CREATE ROLE " + role +
                          " LOGIN PASSWORD 'right-one'");
  std::ofstream(path) << "local all " << role << " scram-sha-256\nhost all " << role << " 127.0.0.1/32 scram-sha-256\n"
                      << rules;
  cluster.reload();
}

}  // namespace

// reliability 172
BOOST_AUTO_TEST_CASE(a_wrong_password_is_told_by_side_and_never_printed) {
  People pair;
  tests::ReplicatedPair& servers = tests::shared_servers();
  require_password_of(servers.source_cluster, "locked_source");
  require_password_of(servers.target_cluster, "locked_target");
  const std::string source_url = servers.source_cluster.tcp_url(pair.name, "locked_source", "wrong-one");
  const std::string target_url = servers.target_cluster.tcp_url(pair.name, "locked_target", "wrong-one");
  for (const char* command : {"check", "snapshot", "run"}) {
    const CommandResult source = pair.agent.command({command}, {{"LEGACY_DATABASE_URL", source_url}});
    expect_end(source, 3, "SQLSTATE 28P01");
    BOOST_TEST((source.err + source.out).find("wrong-one") == std::string::npos, source.err);
    const CommandResult target = pair.agent.command({command}, {{"SUPABASE_DB_URL", target_url}});
    expect_end(target, 4, "SQLSTATE 28P01");
    BOOST_TEST((target.err + target.out).find("wrong-one") == std::string::npos, target.err);
  }
}

BOOST_AUTO_TEST_CASE(an_unreachable_server_ends_with_3_on_the_source_and_4_on_the_target) {
  const People pair;
  const std::string nowhere = "postgresql://nobody:secret-word@127.0.0.1:9/nowhere";
  for (const char* command : {"check", "snapshot"}) {
    for (const auto& [variable, code] : {std::pair{"LEGACY_DATABASE_URL", 3}, std::pair{"SUPABASE_DB_URL", 4}}) {
      const CommandResult result = pair.agent.command({command}, {{variable, nowhere}});
      expect_end(result, code, "127.0.0.1");
      BOOST_TEST(result.err.find("secret-word") == std::string::npos, result.err);
    }
  }
}

// reliability 38
BOOST_AUTO_TEST_CASE(a_second_agent_on_the_state_directory_is_refused_and_told_the_pid_of_the_first) {
  People pair;
  pair.agent.start();
  pair.agent.wait_streaming();
  expect_end(pair.agent.command({"run"}), 5, "pid=" + std::to_string(pair.agent.process().pid()));
  pair.source.exec("INSERT INTO person VALUES (1000, 'later')");
  pair.agent.wait_applied();
  BOOST_TEST(pair.count() == "301");
  BOOST_TEST(pair.agent.stop() == 0);
}

// reliability 38
BOOST_AUTO_TEST_CASE(a_second_agent_on_the_slot_is_refused_and_the_first_goes_on) {
  People pair;
  pair.agent.start();
  pair.agent.wait_streaming();
  const tests::AgentUnderTest second({.source_url = pair.agent.options().source_url,
                                      .target_url = pair.agent.options().target_url,
                                      .mapping = kMapping,
                                      .slot = pair.name});
  expect_end(second.command({"run"}), 5, pair.name);
  pair.source.exec("INSERT INTO person VALUES (1000, 'later')");
  pair.agent.wait_applied();
  BOOST_TEST(pair.count() == "301");
  BOOST_TEST(pair.agent.stop() == 0);
}

BOOST_AUTO_TEST_CASE(asking_for_the_status_does_not_keep_an_agent_from_starting) {
  People pair;
  pair.bring_over();
  for (int i = 0; i < 5; ++i) {
    pair.agent.start();
    const auto streams = [&] {
      const CommandResult status = pair.agent.command({"status", "--json"});
      BOOST_REQUIRE_MESSAGE(status.exit_code == 0, "status ended with " << status.exit_code << ": " << status.err);
      const bool is_running = pair.agent.is_running();
      BOOST_REQUIRE_MESSAGE(is_running, "the agent ended: " << pair.agent.process().err());
      return status.out.find("\"phase\": \"streaming\"") != std::string::npos;
    };
    tests::wait_until(streams, "the status to say streaming");
    pair.agent.kill();  // leaves its socket behind
  }
}

// reliability 171
BOOST_AUTO_TEST_CASE(a_hung_agent_is_told_from_none_and_harmed_by_nobody) {
  People pair;
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.agent.process().kill(SIGSTOP);
  expect_end(pair.agent.command({"status"}), 5, "does not answer");
  expect_end(pair.agent.command({"run"}), 5, "does not answer");
  pair.agent.process().kill(SIGCONT);
  pair.source.exec("INSERT INTO person VALUES (5000, 'goes on')");
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0);
}

// reliability 30
BOOST_AUTO_TEST_CASE(a_slot_dropped_while_the_agent_was_down_is_refused_and_not_made_again) {
  const People pair;
  pair.bring_over();
  pair.source_admin.exec("SELECT pg_drop_replication_slot('" + pair.name + "')");
  pair.source.exec("INSERT INTO person VALUES (1000, 'lost')");
  for (int i = 0; i < 2; ++i) {
    const CommandResult refused = pair.agent.command({"run"});
    expect_end(refused, 6, pair.name);
    expect_end(refused, 6, "remedy:");
    BOOST_TEST(
        pair.source_admin.query_value("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '" + pair.name + "'")
            .value_or("") == "0");
  }
  BOOST_TEST(pair.count() == "300");
}

// reliability 31
BOOST_AUTO_TEST_CASE(a_slot_made_again_under_its_name_is_refused) {
  const People pair;
  pair.bring_over();
  pair.source_admin.exec("SELECT pg_drop_replication_slot('" + pair.name + "')");
  pair.source.exec("INSERT INTO person VALUES (1000, 'lost')");
  pair.source_admin.exec("SELECT pg_create_logical_replication_slot('" + pair.name + "', 'pgoutput')");
  const CommandResult refused = pair.agent.command({"run"});
  expect_end(refused, 6, pair.name);
  expect_end(refused, 6, "remedy:");
  BOOST_TEST(pair.count() == "300");
}

// reliability 34
BOOST_AUTO_TEST_CASE(a_slot_that_was_advanced_beyond_the_checkpoint_is_refused) {
  const People pair;
  pair.bring_over();
  pair.source.exec("INSERT INTO person VALUES (1000, 'skipped')");
  pair.source_admin.exec("SELECT pg_replication_slot_advance('" + pair.name + "', pg_current_wal_insert_lsn())");
  for (int i = 0; i < 2; ++i) {
    const CommandResult refused = pair.agent.command({"run"});
    expect_end(refused, 6, pair.name);
    expect_end(refused, 6, "remedy:");
  }
  BOOST_TEST(pair.count() == "300");
}

// reliability 36
BOOST_AUTO_TEST_CASE(another_cluster_in_the_place_of_the_source_is_refused) {
  const People pair;
  pair.bring_over();
  tests::Cluster other(
      {.name = "other", .wal_level = "logical", .bin_dir = tests::source_bin_dir(), .has_own_identity = true});
  other.database().exec("CREATE ROLE dispatch LOGIN; CREATE ROLE dispatch_sync LOGIN SUPERUSER REPLICATION");
  other.database().exec("CREATE DATABASE " + pair.name + " OWNER dispatch");
  other.database(pair.name).exec(kSource);
  const std::string url = other.url(pair.name, "dispatch_sync");
  // With its state directory the agent knows by that, without one by the checkpoint on the target.
  const CommandResult with_state = pair.agent.command({"run"}, {{"LEGACY_DATABASE_URL", url}});
  BOOST_TEST((with_state.exit_code == 5 || with_state.exit_code == 6), with_state.err);
  BOOST_TEST(with_state.err.find("remedy:") != std::string::npos, with_state.err);
  std::filesystem::remove_all(pair.agent.state_dir());
  const CommandResult without_state = pair.agent.command({"run"}, {{"LEGACY_DATABASE_URL", url}});
  expect_end(without_state, 6, "source_system_identifier=");
  expect_end(without_state, 6, "remedy:");
  BOOST_TEST(pair.count() == "300");
}

// reliability 159
BOOST_AUTO_TEST_CASE(a_lost_state_directory_is_rebuilt_with_the_same_ids) {
  const People pair;
  pair.bring_over();
  const std::string before = pair.names();
  std::filesystem::remove_all(pair.agent.state_dir());
  pair.source.exec("INSERT INTO person VALUES (1000, 'while lost'); DELETE FROM person WHERE id = 1000");
  const CommandResult sync = pair.agent.command({"sync", "--until-current"});
  expect_end(sync, 6, "remedy:");  // sync needs a finished snapshot, and says so
  pair.agent.must({"snapshot"});
  pair.agent.must({"sync", "--until-current"});
  BOOST_TEST(pair.names() == before);
  BOOST_TEST(pair.counter("people", "applied") == 300);
  pair.source.exec("UPDATE person SET name = 'new' WHERE id = 7; DELETE FROM person WHERE id = 8");
  pair.agent.must({"sync", "--until-current"});
  BOOST_TEST(pair.on_target("SELECT name FROM people WHERE legacy_id = 7") == "new");
  BOOST_TEST(pair.count() == "299");
}

BOOST_AUTO_TEST_CASE(rows_deleted_while_the_state_was_lost_are_deleted_from_the_target) {
  const People pair;
  pair.bring_over();
  std::filesystem::remove_all(pair.agent.state_dir());
  pair.source.exec("DELETE FROM person WHERE id <= 100; UPDATE person SET name = 'changed' WHERE id = 200");
  pair.agent.must({"snapshot"});
  pair.agent.must({"sync", "--until-current"});
  BOOST_TEST(pair.count() == "200");
  BOOST_TEST(pair.on_target("SELECT name FROM people WHERE legacy_id = 200") == "changed");
}

// reliability 168
BOOST_AUTO_TEST_CASE(an_error_of_the_mapping_is_told_with_file_line_and_column) {
  People pair;
  pair.agent.options().mapping.replace(pair.agent.options().mapping.find("name: name"), 10, "name: nmae");
  pair.agent.configure();
  const CommandResult result = pair.agent.command({"snapshot"});
  expect_end(result, 2, pair.agent.mapping_file().string() + ":8:13");
  expect_end(result, 2, "nmae");
  BOOST_TEST(pair.count() == "0");
  pair.agent.options().mapping = "version: 1\nroutes: [\n";
  pair.agent.configure();
  expect_end(pair.agent.command({"snapshot"}), 2, "mapping.yaml:");
}

BOOST_AUTO_TEST_CASE(the_uuid_of_a_key_is_looked_up_and_an_unknown_key_or_entity_is_said_to_be_so) {
  const People pair;
  pair.bring_over();
  const CommandResult known = pair.agent.command({"mapping", "lookup", "person", "7"});
  BOOST_TEST(known.exit_code == 0, known.err);
  BOOST_TEST(known.out == pair.on_target("SELECT id FROM people WHERE legacy_id = 7") + "\n");
  expect_end(pair.agent.command({"mapping", "lookup", "person", "4711"}), 1, "4711");
  expect_end(pair.agent.command({"mapping", "lookup", "persn", "7"}), 2, "person");
  expect_end(pair.agent.command({"mapping", "lookup", "person", "seven"}), 1, "seven");
}
