#pragma once

#include <random>
#include <string>
#include <vector>

#include "tests/crash/visits.hpp"

namespace crash {

/// Leads an agent between one pair of databases past failpoints, one life after the other, the source going on in between.
/// Long form: TEST_LONG=1 compares after every kill instead of after some.
class Walk {
 public:
  Walk();

  /// One life that ends by SIGKILL at each of these places, in order. Asserts that every place was reached and what must hold
  /// after each kill.
  void kill_at(const std::vector<Visit>& visits);
  /// Lives in which each place throws an error that goes away, until all of them have: where the agent ends instead of going on by itself,
  /// it is started again. Returns the places whose error ended a life, each with the exit code.
  std::vector<std::pair<std::string, int>> throw_at(const std::vector<Visit>& visits);
  /// The next start brings everything to rest; then target and counters equal the oracle.
  void expect_recovery();

  Staff staff;

 private:
  void lure(const Visit& visit);
  void lure_running(const Visit& visit);
  void live(const Visit& visit, const std::string& armed);
  [[nodiscard]] int times(const Visit& visit, int most);
  [[nodiscard]] std::string err();

  std::mt19937_64 random_;
  int step_ = 0;
};

}  // namespace crash
