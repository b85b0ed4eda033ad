#pragma once

#include <atomic>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/small_pair.hpp"

namespace tests {

/// A small world with everything that a validation has to tell apart: a parent and its children, a tree, a joined table, rows that share a target row, rows that
/// are kept, filtered, parked and refused; 200 people in 10 teams.
struct Office : SmallPair {
  Office();

  /// `agent validate --json` with these arguments, which must end with one of the exit codes 0, 1 and 7.
  struct Verdict {
    int exit_code = -1;
    nlohmann::json json = {};
    std::string log = {};

    [[nodiscard]] const nlohmann::json& route(const std::string& name) const;
    [[nodiscard]] long count(const std::string& route_name, const std::string& which) const;
    /// What was found on all routes, sorted: `people different 7 name`, with the columns.
    [[nodiscard]] std::vector<std::string> findings() const;
  };
  [[nodiscard]] Verdict validate(std::vector<std::string> args = {}) const;
  /// The same where nothing is wrong. Throws std::runtime_error with what was found otherwise.
  void require_equal() const;
};

/// The old application at work while this lives: rows of all tables come, change and go, but for those below number 100.
class LiveWork {
 public:
  explicit LiveWork(const Office& office);
  /// Throws what ended it early.
  void stop();
  /// Transactions so far.
  [[nodiscard]] long transactions() const { return transactions_; }

 private:
  void work(const Office& office, const std::stop_token& stop);

  std::atomic<long> transactions_ = 0;
  std::exception_ptr failure_;
  std::jthread thread_;  // last: joined before what it uses goes
};

}  // namespace tests
