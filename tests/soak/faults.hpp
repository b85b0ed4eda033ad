#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/soak/supervised_agent.hpp"
#include "tests/support/dispatch_pair.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace soak {

/// What became of one kind of fault.
struct FaultTally {
  int made = 0;
  int skipped = 0;               ///< could not be made, for instance for a deadlock with the live work
  std::vector<double> recovery;  ///< seconds from its end until all that was committed by then was on the target
};

/// Which faults may come.
enum class FaultMix : std::uint8_t {
  All,
  OutsideTheAgent,  ///< none that ends the agent's process: one that lives long shows what it leaks
};

/// All that can go wrong around the agent, one at a time, and now and then a kill in the middle of it. What is chosen follows from the
/// seed. Belongs to the agent's thread.
class Faults {
 public:
  Faults(tests::DispatchPair& pair, SupervisedAgent& agent, tests::TcpProxy& source_proxy,
         tests::TcpProxy& target_proxy, std::uint64_t seed, int big_rows, double longest_seconds);

  /// Makes a fault and ends it again; returns its name. Throws what a server answered that could not be disturbed (tests::SqlError).
  std::string make(FaultMix mix);
  /// Whether the next one comes before the agent has recovered from this one.
  bool is_followed_at_once() { return chance(25); }
  /// Lets time pass while the agent is looked after.
  void pass(std::chrono::milliseconds time);
  /// Takes back what may be left of faults.
  void clear();

  [[nodiscard]] std::map<std::string, FaultTally>& tallies() { return tallies_; }

 private:
  struct Kind {
    std::string name;
    int weight;
    bool ends_agent;
    void (Faults::*make)();
  };
  static const std::vector<Kind>& kinds();

  int between(int least, int most) { return std::uniform_int_distribution<>(least, most)(random_); }
  bool chance(int percent) { return between(1, 100) <= percent; }
  const std::string& one_of(const std::vector<std::string>& choices);
  /// Some time of the fault's own length; in it the agent may be killed.
  void last();
  tests::TcpProxy& any_proxy() { return chance(50) ? source_proxy_ : target_proxy_; }
  std::vector<pid_t> backends(const tests::Database& admin, const std::string& condition) const;

  // Of the agent.
  void kill();
  void terminate();
  void failpoint_kills();
  void failpoint_delays();
  void failpoint_throws();
  void lose_state();
  void bring_back_old_state();
  // Of the servers.
  void restart_source();
  void crash_source();
  void restart_target();
  void crash_target();
  void end_source_connections();
  void end_target_connections();
  void freeze_walsender();
  void freeze_target_backend();
  void lock_target_table();
  void deadlock_on_target();
  void refuse_rows();
  // Of the application.
  void long_transaction();
  void big_transaction();
  void truncate();
  void decode_in_little_memory();
  // Of the network.
  void cut();
  void cut_reply_to_commit();
  void freeze_network();
  void vanish();
  void hold();
  void lose_and_cut();
  void refuse_connections();
  void slow_down();
  void delay();
  void flap();

  void stop_process(const tests::Database& admin, const std::string& condition);
  void restart(tests::Cluster& cluster, tests::StopMode mode);

  tests::DispatchPair& pair_;
  SupervisedAgent& agent_;
  tests::TcpProxy& source_proxy_;
  tests::TcpProxy& target_proxy_;
  std::mt19937_64 random_;
  int big_rows_;
  double longest_seconds_;
  bool may_kill_ = true;
  std::map<std::string, FaultTally> tallies_;
};

}  // namespace soak
