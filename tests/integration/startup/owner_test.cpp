// Two agents with state directories of their own between the same ends, as on two hosts: one takes the slot, the other writes no more.
#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/small_pair.hpp"

namespace {

constexpr const char* kSource =
    "CREATE TABLE item (id integer PRIMARY KEY, name text NOT NULL);"
    "INSERT INTO item SELECT n, 'v' || n FROM generate_series(1, 500) n";
constexpr const char* kTarget =
    "CREATE TABLE items (id uuid PRIMARY KEY, name text NOT NULL, legacy_id integer UNIQUE)";
constexpr const char* kMapping = R"yaml(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
routes:
  - from: item
    to: items
    entity: item
    columns: { name: name, legacy_id: id }
)yaml";

/// What one worker does with the third of five chunks, before anything of it is written.
const tests::AgentUnderTest::Environment kHangsInThirdChunk{{"AGENT_FAILPOINTS", "in_copy=wait:500@3"}};

struct TwoAgents {
  TwoAgents() : pair(kSource, kTarget, kMapping), first(options()), second(options()) {}

  tests::SmallPair pair;  // its own agent stays unused
  tests::AgentUnderTest first;
  tests::AgentUnderTest second;

  [[nodiscard]] tests::AgentOptions options() {
    tests::AgentOptions options = pair.agent.options();
    options.workers = 1;
    options.chunk_rows = 100;
    return options;
  }

  /// In the middle of its copy, between two transactions, with its rows read: from now on it does nothing until it is woken.
  static void hang_in_copy(tests::Process& agent) {
    agent.wait_for_line("failpoint in_copy wait");
    agent.kill(SIGSTOP);
  }

  /// As behind a connection pooler, which shows its own names for sessions: nobody sees the agent that has the slot.
  void hide_owner() const {
    pair.target_admin.exec(
        "UPDATE dispatch_sync.checkpoint SET owner = jsonb_set(owner, '{run}', '\"behind-a-pooler\"')");
  }

  /// Rows of the first copied chunks and of those that the hanging agent has read or is going to read.
  void change() const {
    pair.source.exec(
        "UPDATE item SET name = 'new' WHERE id IN (7, 205, 250, 480); DELETE FROM item WHERE id IN (8, 206, 251, 499); "
        "INSERT INTO item VALUES (900, 'v900')");
  }

  void expect_equal() const {
    const auto rows = [](const tests::Database& side, const std::string& table, const std::string& key) {
      return side.query_value("SELECT string_agg(" + key + " || '|' || name, E'\n' ORDER BY " + key + ") FROM " + table)
          .value();
    };
    const std::string expected = rows(pair.source, "item", "id");
    const std::string found = rows(pair.target, "items", "legacy_id");
    BOOST_TEST((found == expected), tests::differing_lines(expected, found));
  }

  static void expect_taken_over(const tests::Process& agent, int exit_code) {
    const std::string said = agent.err();
    BOOST_TEST(exit_code == 6, said);
    BOOST_TEST(said.find("another agent has taken over this slot's checkpoint") != std::string::npos, said);
    BOOST_TEST(said.find("remedy:") != std::string::npos, said);
  }

  /// What the first agent holds on either side: who is ended is missing, who comes back has another pid.
  [[nodiscard]] std::string sessions_of_first() const {
    const std::string of_agent = " FROM pg_stat_activity WHERE datname = current_database() AND application_name ~ ";
    const std::string pids = "SELECT string_agg(application_name || ' ' || pid, ', ' ORDER BY application_name)";
    return pair.source_admin.query_value(pids + of_agent + "'^dispatch-sync/stream-'").value() + "; " +
           pair.target_admin.query_value(pids + of_agent + "'^dispatch-sync/apply'").value();
  }

  /// The second agent's state directory becomes a copy of the first one's, as it is at this moment.
  void copy_state() const {
    std::filesystem::remove_all(second.state_dir());
    std::filesystem::create_directory(second.state_dir());
    for (const auto& entry : std::filesystem::recursive_directory_iterator(first.state_dir())) {
      const auto to = second.state_dir() / std::filesystem::relative(entry.path(), first.state_dir());
      if (entry.is_directory()) std::filesystem::create_directory(to);
      if (entry.is_regular_file()) std::filesystem::copy_file(entry.path(), to);
    }
  }

  static void stop(tests::AgentUnderTest& agent) { BOOST_TEST(agent.stop() == 0, agent.process().err()); }
};

}  // namespace

// reliability 38
BOOST_AUTO_TEST_CASE(an_agent_that_hung_in_its_copy_writes_no_more_once_another_has_the_slot) {
  TwoAgents world;
  world.first.start(kHangsInThirdChunk);
  TwoAgents::hang_in_copy(world.first.process());
  world.hide_owner();
  world.second.start();
  world.second.wait_streaming();
  world.change();
  world.second.wait_applied();
  world.expect_equal();
  world.first.process().kill(SIGCONT);
  TwoAgents::expect_taken_over(world.first.process(), world.first.wait());
  world.pair.source.exec("UPDATE item SET name = 'last' WHERE id = 300");
  world.second.wait_applied();
  TwoAgents::stop(world.second);
  world.expect_equal();

  // Its state directory is not what the next start goes by.
  world.first.start();
  world.first.wait_streaming();
  world.first.wait_applied();
  TwoAgents::stop(world.first);
  world.expect_equal();
}

// reliability 38
BOOST_AUTO_TEST_CASE(a_snapshot_from_another_host_removes_nothing_that_the_agent_has_brought_meanwhile) {
  TwoAgents world;
  world.first.must({"snapshot"});
  const auto copying = world.second.begin({"snapshot"}, kHangsInThirdChunk);
  TwoAgents::hang_in_copy(*copying);
  world.hide_owner();
  world.first.start();
  world.first.wait_streaming();
  world.change();
  world.first.wait_applied();
  world.expect_equal();
  copying->kill(SIGCONT);
  TwoAgents::expect_taken_over(*copying, copying->wait(std::chrono::minutes(2)));
  world.first.wait_applied();
  TwoAgents::stop(world.first);
  world.expect_equal();
}

// reliability 38
BOOST_AUTO_TEST_CASE(an_agent_that_is_seen_to_copy_is_not_taken_from) {
  TwoAgents world;
  world.first.must({"snapshot"});
  const auto copying = world.second.begin({"snapshot"}, kHangsInThirdChunk);
  TwoAgents::hang_in_copy(*copying);
  const auto refused = world.first.command({"run"});
  BOOST_TEST(refused.exit_code == 5, refused.err);
  BOOST_TEST(refused.err.find("another agent, with a state directory of its own, writes") != std::string::npos,
             refused.err);
  BOOST_TEST(refused.err.find("dispatch-sync/") != std::string::npos, refused.err);
  BOOST_TEST(refused.err.find("remedy:") != std::string::npos, refused.err);
  copying->kill(SIGCONT);
  BOOST_TEST(copying->wait(std::chrono::minutes(2)) == 0, copying->err());
  world.change();
  world.first.start();
  world.first.wait_streaming();
  world.first.wait_applied();
  TwoAgents::stop(world.first);
  world.expect_equal();
}

// reliability 38
BOOST_AUTO_TEST_CASE(a_state_directory_is_not_gone_by_after_another_agent_had_the_slot) {
  TwoAgents world;
  world.first.must({"snapshot"});
  world.first.must({"sync", "--until-current"});
  // Comes and goes between two looks of the first agent, and stays on the target but for the other's eyes.
  world.pair.source.exec("INSERT INTO item VALUES (901, 'brief')");
  world.second.must({"snapshot"});
  world.pair.source.exec("DELETE FROM item WHERE id = 901");
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"quarantine", "retry"}, {"sync", "--until-current"}}) {
    const auto refused = world.first.command(command);
    BOOST_TEST(refused.exit_code == 6, refused.err);
    BOOST_TEST(refused.err.find("remedy:") != std::string::npos, refused.err);
  }
  world.first.start();
  world.first.wait_streaming();
  world.first.wait_applied();
  TwoAgents::stop(world.first);
  world.expect_equal();
  BOOST_TEST(world.pair.target.query_value("SELECT count(*) FROM items WHERE legacy_id = 901").value() == "0");
}

// reliability 38
BOOST_AUTO_TEST_CASE(a_copy_of_the_state_directory_beside_its_agent_is_refused_and_touches_nothing_of_that) {
  TwoAgents world;
  world.first.must({"snapshot"});
  const auto expect_refused = [&](const std::string& copy, const std::vector<std::vector<std::string>>& commands) {
    BOOST_TEST_CONTEXT(copy) {
      const std::string before = world.sessions_of_first();
      for (const std::vector<std::string>& command : commands) {
        const auto refused = world.second.command(command);
        BOOST_TEST((refused.exit_code == 5 || refused.exit_code == 6), refused.err);
        BOOST_TEST(refused.err.find("remedy:") != std::string::npos, refused.err);
        BOOST_TEST(refused.err.find("pg_drop_replication_slot") == std::string::npos, refused.err);
        BOOST_TEST(world.sessions_of_first() == before, command.front());
      }
    }
  };
  world.copy_state();
  world.first.start();
  world.first.wait_streaming();
  world.change();
  world.first.wait_applied();
  expect_refused("from before its start", {{"quarantine", "retry"}, {"sync", "--until-current"}, {"run"}});
  world.first.process().kill(SIGSTOP);  // as an image of the disk has it
  world.copy_state();
  world.first.process().kill(SIGCONT);
  expect_refused("of the running one", {{"run"}});
  world.pair.source.exec("UPDATE item SET name = 'last' WHERE id = 300");
  world.first.wait_applied();
  const std::string said = world.first.process().err();
  BOOST_TEST(said.find("the stream broke") == std::string::npos, said);
  TwoAgents::stop(world.first);
  world.expect_equal();
  // Once that has ended, its copy may go on in its place.
  world.second.start();
  world.second.wait_streaming();
  world.pair.source.exec("UPDATE item SET name = 'very last' WHERE id = 300");
  world.second.wait_applied();
  TwoAgents::stop(world.second);
  world.expect_equal();
}
