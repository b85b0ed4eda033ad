#include "tests/soak/supervised_agent.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <csignal>
#include <fstream>

#include "tests/support/wait.hpp"

namespace soak {

namespace {

constexpr std::chrono::seconds kStopTimeout{90};              // TimeoutStopSec= of the unit
constexpr std::chrono::milliseconds kBeforeItComesBack{500};  // RestartSec=

std::string last_lines(const std::string& text) {
  constexpr std::size_t kMostBytes = 1'500;
  return text.size() <= kMostBytes ? text : "…" + text.substr(text.size() - kMostBytes);
}

}  // namespace

SupervisedAgent::SupervisedAgent(tests::AgentUnderTest& agent, Findings& findings, std::filesystem::path log)
    : agent_(agent), findings_(findings), log_(std::move(log)) {}

void SupervisedAgent::note(const std::string& what) const {
  std::ofstream(log_, std::ios::app) << fmt::format("{:%F %T} soak: {}\n", std::chrono::system_clock::now(), what);
}

void SupervisedAgent::tick() {
  if (!is_buried_ && !agent_.is_running()) judge(bury());
  if (!is_wanted_ || is_given_up_ || !is_buried_ || Clock::now() < not_before_) return;
  failpoints_ = std::exchange(next_failpoints_, {});
  tests::AgentUnderTest::Environment environment;
  if (!failpoints_.empty()) environment.emplace_back("AGENT_FAILPOINTS", failpoints_);
  agent_.start(environment);
  pid_ = agent_.process().pid();
  is_buried_ = false;
  ++starts_;
}

int SupervisedAgent::bury() {
  const int code = agent_.process().wait();
  pid_ = 0;
  is_buried_ = true;
  not_before_ = Clock::now() + kBeforeItComesBack;
  ++ends_[code];
  std::ofstream(log_, std::ios::app) << "--- agent " << starts_ << " failpoints=" << failpoints_ << '\n'
                                     << agent_.process().err() << "--- ended with " << code << '\n';
  return code;
}

void SupervisedAgent::judge(int code) {
  if (code == 3 || code == 4) return;
  if (code == tests::kKilled && !failpoints_.empty()) {
    ++killed_by_failpoint_;
    return;
  }
  if ((code == 5 || code == 6) && may_refuse_state_) {
    std::filesystem::remove_all(agent_.state_dir());
    may_refuse_state_ = false;
    ++refused_states_;
    return;
  }
  findings_.add(fmt::format("the agent ended with {}{}:\n{}", code, code == 0 ? " although nobody had asked it to" : "",
                            last_lines(agent_.process().err())));
  is_given_up_ = code == 2 || code == 5 || code == 6;
}

void SupervisedAgent::kill() {
  if (is_buried_) return;
  agent_.process().kill(SIGKILL);
  bury();
}

void SupervisedAgent::terminate(bool twice) {
  if (is_buried_) return;
  if (!agent_.is_running()) {
    judge(bury());
    return;
  }
  agent_.process().kill(SIGTERM);
  if (twice) agent_.process().kill(SIGTERM);
  try {
    static_cast<void>(agent_.process().wait(kStopTimeout));
  } catch (const tests::Timeout&) {
    findings_.add(fmt::format("the agent had not stopped {} s after SIGTERM:\n{}", kStopTimeout.count(),
                              last_lines(agent_.process().err())));
    kill();
    return;
  }
  const int code = bury();
  if (code != 0) judge(code);
}

void SupervisedAgent::halt(bool gently) {
  is_wanted_ = false;
  gently ? terminate() : kill();
}

}  // namespace soak
