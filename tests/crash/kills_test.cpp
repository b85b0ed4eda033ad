// kill -9 at moments that a seed chooses, with the workload of the dispatch example going on.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <regex>
#include <sstream>
#include <string>
#include <thread>

#include "tests/support/dispatch_pair.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/wait.hpp"

namespace {

using tests::DispatchPair;

bool is_snapshot_done(const DispatchPair& pair) {
  // The ledger is there only once the agent has come that far.
  return pair.servers.target_admin.query_value("SELECT to_regclass('dispatch_sync.migration_control')") &&
         pair.servers.target_admin.query_value(
             "SELECT EXISTS (SELECT FROM dispatch_sync.migration_control WHERE phase = "
             "'snapshot' AND status = 'done')") == "t";
}

/// How often each chunk was read: the COPY statements in the source's log (which has log_statement = all).
std::map<std::string, int> copies_in(const std::string& log) {
  static const std::regex kCopy(R"(statement: (COPY \(SELECT .* FROM .*dispatch_.*\) TO STDOUT))");
  std::map<std::string, int> copies;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (std::regex_search(line, found, kCopy)) {
      ++copies[found[1]];
    }
  }
  return copies;
}

}  // namespace

// reliability 3, 11, 50, 169
BOOST_AUTO_TEST_CASE(twenty_kills_at_random_moments_lose_and_double_nothing) {
  constexpr int kKills = 20;
  DispatchPair pair({.chunk_rows = 1'000});
  std::mt19937_64 random(tests::seed());
  const auto workload = pair.start_workload(static_cast<std::int64_t>(tests::seed() % 1'000'000), 4'000, 10);
  int kills_in_snapshot = 0;
  int kills_in_stream = 0;
  for (int i = 0; i < kKills; ++i) {
    pair.agent.start();
    if (i == kKills / 2) {
      pair.agent.wait_streaming();  // however slow the machine, half of the kills hit the stream
    }
    // The moment itself is what is random here; nothing waits for anything.
    const auto moment = std::chrono::milliseconds(std::uniform_int_distribution<>(100, 1'500)(random));
    std::this_thread::sleep_for(moment);
    const bool is_running = pair.agent.is_running();
    BOOST_REQUIRE_MESSAGE(is_running, "the agent ended by itself after kill " << i << ":\n"
                                                                              << pair.agent.process().err());
    pair.agent.kill();
    ++(is_snapshot_done(pair) ? kills_in_stream : kills_in_snapshot);
  }
  BOOST_TEST_MESSAGE(kills_in_snapshot << " kills in the snapshot, " << kills_in_stream << " in the stream");
  BOOST_TEST(kills_in_snapshot > 0);
  BOOST_TEST(kills_in_stream >= kKills / 2);

  pair.agent.start();
  BOOST_TEST(workload->wait(std::chrono::minutes(5)) == 0, workload->err());
  pair.agent.wait_applied(std::chrono::minutes(5));
  const auto retried = pair.agent.command({"quarantine", "retry"});
  BOOST_TEST(retried.exit_code <= 1, retried.err);
  BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
  BOOST_TEST(pair.servers.source_admin.query_value("SELECT count(*) FROM pg_replication_slots").value_or("") == "1");
  pair.expect_equal_to_oracle();
}

// reliability 5, 6, 11: the verdict after every single kill, so that a later replay cannot heal what an earlier one broke
BOOST_AUTO_TEST_CASE(after_each_of_twenty_kills_the_target_equals_the_oracle) {
  constexpr int kKills = 20;
  DispatchPair pair({.chunk_rows = 1'000});
  std::mt19937_64 random(tests::seed() + 1);
  for (int i = 0; i < kKills; ++i) {
    BOOST_TEST_CONTEXT("kill " << i) {
      pair.agent.start();
      if (i > 0) pair.agent.wait_streaming();
      const auto workload = pair.start_workload(
          static_cast<std::int64_t>((tests::seed() + static_cast<unsigned>(i)) % 1'000'000), 200, 1);
      // The moment itself is what is random here; nothing waits for anything.
      std::this_thread::sleep_for(std::chrono::milliseconds(std::uniform_int_distribution<>(20, 500)(random)));
      pair.agent.kill();
      BOOST_TEST(workload->wait(std::chrono::minutes(5)) == 0, workload->err());
      pair.agent.start();
      pair.agent.wait_streaming();  // the first kill may have come before the ledger was made
      pair.agent.wait_applied(std::chrono::minutes(5));
      const auto retried = pair.agent.command({"quarantine", "retry"});
      BOOST_TEST(retried.exit_code <= 1, retried.err);
      BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
      pair.expect_equal_to_oracle();
    }
  }
}

// reliability 3, 53
BOOST_AUTO_TEST_CASE(finished_chunks_are_not_read_again_after_a_kill, *boost::unit_test::label("matrix")) {
  constexpr int kWorkers = 2;
  DispatchPair pair({.workers = kWorkers, .chunk_rows = 500, .source_conf = {"log_statement = all"}});
  pair.agent.start();
  const auto has_begun = [&] { return copies_in(pair.servers.source_cluster.log()).size() >= 80; };
  tests::wait_until(has_begun, "80 chunks to be read", std::chrono::minutes(2));
  pair.agent.kill();
  BOOST_TEST(!is_snapshot_done(pair));
  const auto before = copies_in(pair.servers.source_cluster.log());

  pair.agent.must({"snapshot"});
  const auto after = copies_in(pair.servers.source_cluster.log());
  BOOST_TEST(after.size() > before.size());
  int again = 0;
  for (const auto& [chunk, times] : after) {
    BOOST_TEST(times <= 2, chunk << " was read " << times << " times");
    again += times - 1;
  }
  // Only what the workers had in hand was not finished.
  BOOST_TEST(again <= kWorkers);
  pair.expect_equal_to_oracle();
}
