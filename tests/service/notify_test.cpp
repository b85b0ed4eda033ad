// What the agent tells systemd: that it works, how far it is, that it comes on, that it stops; and that it falls silent when it hangs.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <sstream>
#include <string>

#include "tests/faults/people.hpp"
#include "tests/service/service_manager.hpp"
#include "tests/support/agent_binary.hpp"
#include "tests/support/process.hpp"
#include "tests/support/wait.hpp"

using faults::People;
using service::ServiceManager;
using namespace std::chrono_literals;

namespace {

// Short enough to see a hang soon, long enough for a loaded machine to show within half of it that it comes on.
constexpr std::chrono::milliseconds kWatchdog = 4s * tests::kSlowness;

tests::AgentUnderTest::Environment with_failpoints(tests::AgentUnderTest::Environment environment,
                                                   const std::string& failpoints) {
  environment.emplace_back("AGENT_FAILPOINTS", failpoints);
  return environment;
}

/// Where the agent is blocked at this place of the stream, this thread is named, and the watchdog gets nothing from then on.
void expect_silence_when_blocked_at(const std::string& place, const std::string& thread) {
  People pair(10);
  pair.bring_over();
  ServiceManager manager;
  pair.agent.start(with_failpoints(manager.environment(kWatchdog), place + "=wait:600000"));
  manager.wait_for("READY=1");
  pair.add(11, 12);
  pair.agent.process().wait_for_line("the work does not come on.* threads=" + thread + " ");
  const long fed = manager.count("WATCHDOG=1");
  // The lines for people go on, and the watchdog would be fed several times between two of them.
  const long lines = manager.count("STATUS=");
  manager.wait_for("STATUS=", lines + 1);
  BOOST_TEST(manager.count("WATCHDOG=1") == fed);
  pair.agent.kill();
  // What systemd does next.
  ServiceManager next;
  pair.agent.start(next.environment(kWatchdog));
  next.wait_for("READY=1");
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0);
  pair.require_equal();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(notify)

BOOST_AUTO_TEST_CASE(ready_is_said_when_rows_are_copied_and_not_before) {
  People pair(300);
  ServiceManager manager;
  // The line comes after what is said in the same look, so READY would be seen if it came too early.
  pair.agent.start(with_failpoints(manager.environment(), "before_chunks_recorded=wait:2000;before_copy=wait:1500"));
  manager.wait_for("STATUS=preparing");
  BOOST_TEST(manager.count("READY=1") == 0);
  BOOST_TEST(manager.count("EXTEND_TIMEOUT_USEC=") >= 1);
  manager.wait_for("READY=1");
  BOOST_TEST(manager.wait_for("STATUS=copying: ").ends_with(" % of the rows"));
  manager.wait_for("STATUS=streaming, ");
  BOOST_TEST(manager.count("READY=1") == 1);
  BOOST_TEST(manager.count("STOPPING=1") == 0);
  BOOST_TEST(pair.agent.stop() == 0);
  BOOST_TEST(manager.count("STOPPING=1") == 1);
  pair.require_equal();
}

BOOST_AUTO_TEST_CASE(an_idle_stream_feeds_the_watchdog) {
  People pair(10);
  pair.bring_over();
  ServiceManager manager;
  pair.agent.start(manager.environment(kWatchdog));
  manager.wait_for("WATCHDOG=1", 6);
  BOOST_TEST(manager.told().front() != "WATCHDOG=1");
  BOOST_TEST(pair.agent.stop() == 0);
  BOOST_TEST(pair.agent.process().err().find("does not come on") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_applier_that_hangs_feeds_no_watchdog) {
  expect_silence_when_blocked_at("before_rows_written", "apply");
}

BOOST_AUTO_TEST_CASE(a_receiver_that_hangs_feeds_no_watchdog) {
  expect_silence_when_blocked_at("after_message_received", "receiver");
}

BOOST_AUTO_TEST_CASE(a_target_that_fails_again_and_again_is_no_hang) {
  People pair(10);
  pair.bring_over();
  ServiceManager manager;
  pair.agent.start(with_failpoints(manager.environment(kWatchdog), "before_rows_written=throw"));
  manager.wait_for("READY=1");
  pair.add(11, 12);
  pair.agent.process().wait_for_line("the target failed, trying again attempt=5 ");
  manager.wait_for("WATCHDOG=1", manager.count("WATCHDOG=1") + 1);
  BOOST_TEST(pair.agent.process().err().find("does not come on") == std::string::npos);
  pair.agent.kill();
}

BOOST_AUTO_TEST_CASE(a_long_statement_that_the_server_works_on_is_no_hang) {
  People pair(10);
  pair.bring_over();
  // The agent asks the server after two seconds of silence whether it is at work.
  pair.agent.options().target_url += "&keepalives_idle=1&keepalives_interval=1&keepalives_count=1";
  pair.agent.configure();
  ServiceManager manager;
  const auto watchdog = 8s * tests::kSlowness;
  pair.agent.start(manager.environment(watchdog));
  manager.wait_for("READY=1");
  faults::HeldInserts held{pair, "people"};
  pair.add(11, 12);
  held.wait();
  // Longer than the watchdog's patience would last.
  manager.wait_for("WATCHDOG=1", manager.count("WATCHDOG=1") + 5);
  BOOST_TEST(pair.agent.process().err().find("does not come on") == std::string::npos);
  pair.agent.kill();
}

BOOST_AUTO_TEST_CASE(a_manager_that_reads_nothing_holds_nothing_up_and_hears_later_what_matters) {
  People pair(300);
  ServiceManager manager;
  manager.stop_reading();
  pair.agent.start(manager.environment(kWatchdog));
  pair.agent.wait_streaming();
  pair.add(1000, 1100);
  pair.agent.wait_applied();
  pair.require_honest();
  manager.wait_for("READY=1");
  manager.wait_for("WATCHDOG=1");
  manager.stop_reading();
  pair.agent.process().kill(SIGTERM);
  BOOST_TEST(pair.agent.wait(10s * tests::kSlowness) == 0);
  pair.require_equal();
}

BOOST_AUTO_TEST_CASE(a_start_that_fails_says_why_and_is_never_ready) {
  People pair(10);
  ServiceManager manager;
  pair.agent.options().target_url = "postgresql://postgres:planted-secret@127.0.0.1:1/postgres";
  pair.agent.configure();
  pair.agent.start(manager.environment());
  BOOST_TEST(pair.agent.wait() == 4);
  const std::string line = manager.wait_for("STATUS=failed: ");
  BOOST_TEST(line.find("target") != std::string::npos);
  BOOST_TEST(manager.count("READY=1") == 0);
  for (const std::string& told : manager.told()) {
    BOOST_TEST(told.find("planted-secret") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_service_that_finds_the_cutover_done_was_ready_before_it_ends_well) {
  People pair(10);
  pair.bring_over();
  pair.agent.must({"validate"});
  pair.agent.must({"cutover", "--yes"});
  ServiceManager manager;
  pair.agent.start(manager.environment(kWatchdog));
  BOOST_TEST(pair.agent.wait() == 0);
  BOOST_TEST(manager.count("READY=1") == 1);
  BOOST_TEST(manager.told().back() == "STATUS=done");
}

BOOST_AUTO_TEST_CASE(the_journal_gets_a_priority_before_each_line) {
  People pair(10);
  // As systemd does: the variable names the file that stderr is.
  const auto through_journal = [&](const std::string& command) {
    tests::Process process(
        {.program = "/bin/sh",
         .args = {"-c", "JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/2) exec \"$0\" --config \"$1\" $2",
                  tests::agent_binary().string(), pair.agent.config_file().string(), command}});
    process.wait();
    return process.err();
  };
  const std::string lines = through_journal("snapshot") + through_journal("sync --until-current");
  BOOST_TEST(lines.find("<6>apply: created the slot slot=") != std::string::npos);
  pair.agent.options().target_url = "postgresql://postgres@127.0.0.1:1/postgres";
  pair.agent.configure();
  const std::string last = through_journal("run");
  BOOST_TEST(last.find("<3>agent: cannot connect to the target") != std::string::npos);
  BOOST_TEST(last.find("\n<3>  remedy: ") != std::string::npos);
  std::istringstream all(lines + last);
  for (std::string line; std::getline(all, line);) BOOST_TEST(line.starts_with('<'), line);
}

BOOST_AUTO_TEST_CASE(a_command_that_ends_by_itself_was_ready_before) {
  People pair(10);
  pair.bring_over();
  ServiceManager manager;
  BOOST_TEST(pair.agent.command({"sync", "--until-current"}, manager.environment()).exit_code == 0);
  BOOST_TEST(manager.count("READY=1") == 1);
  BOOST_TEST(manager.told().back() == "STATUS=done");
}

BOOST_AUTO_TEST_SUITE_END()
