#include "tests/crash/walk.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdlib>
#include <set>
#include <stdexcept>
#include <utility>

#include "tests/support/seed.hpp"
#include "tests/support/wait.hpp"

namespace crash {

namespace {

// In the short form: often enough that a failure points at a few places, rarely enough to stay quick.
constexpr int kComparedEvery = 8;

bool is_long() { return std::getenv("TEST_LONG") != nullptr; }

std::string happened(const std::string& place, const std::string& action) {
  return "failpoint " + place + ' ' + action + '\n';
}

}  // namespace

Walk::Walk() : random_(tests::seed()) {
  // Small, so that a large transaction is streamed before its commit.
  staff.pair.source_admin.exec("ALTER DATABASE " + staff.pair.name + " SET logical_decoding_work_mem = '64kB'");
  staff.pair.agent.options().batch_rows = 20;
  // More chunks than there are lives.
  staff.pair.source.exec(
      "INSERT INTO person SELECT i, 'more', nullif(i % 44, 0), i * 7 % 8000, NULL FROM generate_series(-8000, -1) i;"
      "UPDATE person SET team_id = -team_id WHERE team_id < 0;"
      "INSERT INTO person_badge SELECT i, i * 13 % 8000, 1 - i % 20 FROM generate_series(-8000, -1) i");
  staff.pair.agent.configure();
}

std::string Walk::err() { return staff.pair.agent.process().err(); }

int Walk::times(const Visit& visit, int most) {
  return std::uniform_int_distribution<>(visit.least, std::max(visit.least, most))(random_);
}

/// What the source does while no agent runs.
void Walk::lure(const Visit& visit) {
  ++step_;
  if (visit.phase != Phase::Stream) {
    staff.sweep(step_);
  }
  for (int i = 0; i < 3; ++i) staff.change(3 * step_ + i);
  switch (visit.lure) {
    case Lure::Changes:
    case Lure::LostTarget:
    case Lure::Idleness:
    case Lure::Stop: break;
    case Lure::Much: staff.change_much(step_); break;
    case Lure::Swap: staff.swap_labels(); break;
    case Lure::Retry:
    case Lure::Refused: staff.insert_refused(step_); break;
    case Lure::Truncate: staff.truncate(); break;
    case Lure::OtherLayout: staff.change_layout(); break;
  }
}

/// What has to be done while it runs.
void Walk::lure_running(const Visit& visit) {
  tests::AgentUnderTest& agent = staff.pair.agent;
  switch (visit.lure) {
    case Lure::Stop:
      agent.wait_streaming();
      agent.process().kill(SIGTERM);
      break;
    case Lure::Retry:
      agent.wait_applied();
      static_cast<void>(agent.command({"quarantine", "retry"}));
      break;
    case Lure::LostTarget:
      agent.wait_applied();
      staff.pair.target_admin.exec(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
          "application_name LIKE 'dispatch-sync/apply%'");
      staff.change(3 * ++step_);
      break;
    case Lure::Idleness:
      agent.wait_applied();
      staff.pair.source_admin.exec(
          "CREATE TABLE IF NOT EXISTS oracle.unpublished (i integer); INSERT INTO oracle.unpublished SELECT "
          "generate_series(1, 1000)");
      break;
    case Lure::Changes:
    case Lure::Much:
    case Lure::Swap:
    case Lure::Refused:
    case Lure::Truncate:
    case Lure::OtherLayout: break;
  }
}

void Walk::live(const Visit& visit, const std::string& armed) {
  tests::AgentUnderTest& agent = staff.pair.agent;
  agent.start({{"AGENT_FAILPOINTS", armed}});
  try {
    lure_running(visit);
  } catch (const std::runtime_error&) {
    if (agent.is_running()) throw;  // else it was killed sooner than thought
  }
  int code = 0;
  try {
    code = agent.wait(std::chrono::minutes(2));
  } catch (const tests::Timeout&) {
    agent.kill();
  }
  BOOST_REQUIRE_MESSAGE(code == tests::kKilled, "not killed at " << armed << ", but " << code << ":\n" << err());
  BOOST_TEST(err().find("failpoint ") != std::string::npos);
  staff.expect_nothing_ahead();
}

void Walk::kill_at(const std::vector<Visit>& visits) {
  int compared = 0;
  for (const Visit& visit : visits) {
    if (visit.killed_before != nullptr) {
      lure(visit);
      live({.failpoint = visit.killed_before, .phase = visit.phase}, std::string(visit.killed_before) + "=kill@1");
    }
    lure(visit);
    const std::string armed = std::string(visit.failpoint) + "=kill@" + std::to_string(times(visit, visit.most));
    BOOST_TEST_CONTEXT(armed) {
      live(visit, armed + visit.besides);
      if (visit.phase == Phase::Stream && (is_long() || ++compared % kComparedEvery == 0)) expect_recovery();
    }
  }
}

std::vector<std::pair<std::string, int>> Walk::throw_at(const std::vector<Visit>& visits) {
  tests::AgentUnderTest& agent = staff.pair.agent;
  std::vector<std::pair<std::string, std::string>> armed;  // place, action
  for (const Visit& visit : visits) {
    // Spread over the chunks or transactions, so that the places are met one by one.
    const int most = visit.most > 1 && visit.phase == Phase::Snapshot ? 20 : visit.most;
    armed.emplace_back(visit.failpoint, "throw@" + std::to_string(times(visit, most)));
  }
  // Some places are passed only after a life ended at another one.
  std::set<std::string> kills;
  for (const Visit& visit : visits) {
    if (visit.killed_before != nullptr) kills.insert(visit.killed_before);
  }
  const auto forget_what_happened = [&] {
    const std::string text = err();
    std::size_t happenings = std::erase_if(
        kills, [&](const auto& place) { return text.find(happened(place, "kill")) != std::string::npos; });
    happenings += std::erase_if(
        armed, [&](const auto& place) { return text.find(happened(place.first, "throw")) != std::string::npos; });
    return happenings;
  };
  std::vector<std::pair<std::string, int>> ended;
  int lives = 0;
  const auto take_end = [&](int code) {
    const std::string text = err();
    const auto last = text.rfind("failpoint=");
    BOOST_TEST(code != 0, "ended with 0 by itself:\n" << text);
    BOOST_TEST_MESSAGE("ended with " << code << ":\n" << text);
    ended.emplace_back(
        last == std::string::npos ? text : text.substr(last + 10, text.find_first_of(" ,\n", last) - last - 10), code);
    BOOST_REQUIRE(++lives < 100);
    BOOST_REQUIRE_MESSAGE(forget_what_happened() > 0, "ended without a failpoint:\n" << text);
    staff.expect_nothing_ahead();
    lure({.failpoint = "", .phase = visits.front().phase});
  };
  bool has_other_layout = false;
  for (const Visit& visit : visits) {
    if (visit.lure == Lure::OtherLayout && std::exchange(has_other_layout, true)) continue;
    lure(visit);
  }
  for (;;) {
    std::string environment;
    // The first that is said of a place holds.
    // In the snapshot late enough that there is something which can go.
    const std::string at = visits.front().phase == Phase::Stream ? "=kill@1;" : "=kill@12;";
    for (const std::string& place : kills) environment += place + at;
    for (const auto& [place, action] : armed) environment += place + '=' + action + ';';
    agent.start({{"AGENT_FAILPOINTS", environment}});
    try {
      agent.wait_streaming();
      agent.wait_applied();
      for (const Visit& visit : visits) {
        const bool is_due = std::any_of(armed.begin(), armed.end(), [&](const auto& place) {
          return place.first == visit.failpoint && err().find(happened(place.first, "throw")) == std::string::npos;
        });
        if (is_due && visit.lure != Lure::Stop) lure_running(visit);
      }
      staff.change(3 * ++step_);
      agent.wait_applied();
      const auto is_done = [&] {
        if (!agent.is_running()) throw std::runtime_error("ended");
        return std::all_of(armed.begin(), armed.end(), [&](const auto& place) {
          return place.first.find("_stopped") != std::string::npos ||
                 err().find(happened(place.first, "throw")) != std::string::npos;
        });
      };
      tests::wait_until(is_done, "every failpoint");
      const int code = agent.stop();
      if (code != 0) {
        take_end(code);
        continue;
      }
      // An error of the very end may leave nothing undone; the next life meets the next one.
      if (forget_what_happened() == 0 || armed.empty()) break;
    } catch (const std::runtime_error&) {
      if (agent.is_running()) {
        BOOST_TEST_MESSAGE(err());
        agent.kill();
        forget_what_happened();
        break;
      }
      take_end(agent.wait());
    }
  }
  std::string missed;
  for (const auto& place : armed) missed += ' ' + place.first;
  BOOST_TEST(missed.empty(), "not reached:" << missed);
  return ended;
}

void Walk::expect_recovery() {
  tests::AgentUnderTest& agent = staff.pair.agent;
  staff.mend_refused();
  agent.start();
  agent.wait_streaming();
  staff.change(3 * ++step_);
  agent.wait_applied();
  const auto retried = agent.command({"quarantine", "retry"});
  BOOST_TEST(retried.exit_code == 0, retried.err);
  BOOST_TEST(agent.stop() == 0, err());
  staff.expect_one_slot();
  staff.expect_nothing_ahead();
  staff.expect_equal();
}

}  // namespace crash
