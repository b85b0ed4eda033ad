#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "tests/soak/findings.hpp"
#include "tests/support/agent_under_test.hpp"

namespace soak {

/// `agent run` as its systemd unit runs it: started again when it was killed or ended with 3 or 4, left alone when it ended with 2, 5
/// or 6, since a restart cannot help then. Any end but those that were asked for is judged here. Belongs to one thread, which must
/// call tick() often.
class SupervisedAgent {
 public:
  /// All that the agents write goes to `log`.
  SupervisedAgent(tests::AgentUnderTest& agent, Findings& findings, std::filesystem::path log);

  /// From now on it is to run.
  void go() { is_wanted_ = true; }
  /// Starts it when it should run and does not. Call it every few milliseconds.
  void tick();
  /// SIGKILL; it comes back.
  void kill();
  /// SIGTERM, twice if `twice`; waits for the end and judges it. It comes back.
  void terminate(bool twice = false);
  /// A line in the log, with the time, between what the agents wrote.
  void note(const std::string& what) const;
  /// Ends it, by SIGTERM or SIGKILL; it stays away until go().
  void halt(bool gently);
  /// What AGENT_FAILPOINTS says when it starts the next time, and only then.
  void arm(std::string failpoints) { next_failpoints_ = std::move(failpoints); }
  /// The local state is an old copy: the agent may refuse it, once, and then somebody does what the remedy says.
  void expect_old_state() { may_refuse_state_ = true; }

  /// True when it ended in a way after which nobody starts it again.
  [[nodiscard]] bool is_given_up() const { return is_given_up_; }
  /// 0 when none runs. Any thread may ask.
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int starts() const { return starts_; }
  [[nodiscard]] int refused_states() const { return refused_states_; }
  /// How often it ended with which exit code, as shells count them.
  [[nodiscard]] const std::map<int, int>& ends() const { return ends_; }
  /// How often a failpoint killed it.
  [[nodiscard]] int killed_by_failpoint() const { return killed_by_failpoint_; }

 private:
  using Clock = std::chrono::steady_clock;
  /// Takes note of the end of the process that is there.
  int bury();
  void judge(int code);

  tests::AgentUnderTest& agent_;
  Findings& findings_;
  std::filesystem::path log_;
  bool is_wanted_ = false;
  bool is_given_up_ = false;
  bool is_buried_ = true;
  bool may_refuse_state_ = false;
  std::string next_failpoints_;
  std::string failpoints_;  // of the process that runs
  Clock::time_point not_before_;
  std::atomic<pid_t> pid_ = 0;
  int starts_ = 0;
  int refused_states_ = 0;
  int killed_by_failpoint_ = 0;
  std::map<int, int> ends_;
};

}  // namespace soak
