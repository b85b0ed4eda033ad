#pragma once

#include <string>

#include "tests/support/small_pair.hpp"

namespace faults {

/// A small pair with two routes, parents and children, and a target that can be told to fail.
class People : public tests::SmallPair {
 public:
  /// `rows` people in ten teams are on the source to begin with.
  explicit People(int rows = 300);

  /// Inserts people with these ids, one transaction.
  void add(int first, int last) const;
  /// The next `times` rows that are written to people on the target raise this SQLSTATE; rolled back attempts count.
  void fail_writes(const std::string& sqlstate, int times) const;
  /// The `nth` row that is written to people from now on ends the session that writes it; with `at_commit` when its transaction commits,
  /// which is rolled back then.
  void end_writer(int nth, bool at_commit) const;
  /// Throws std::runtime_error, naming the difference, unless the target is what the source means (SQL written by hand), every counter
  /// says so, and nobody claims more.
  void require_equal() const;
  /// What is quarantined, by route: `people 7 23514`, by the ledger.
  [[nodiscard]] std::string quarantined() const;
};

/// While this lives, whoever inserts into a table of the target waits, at his first row.
class HeldInserts {
 public:
  HeldInserts(const tests::SmallPair& pair, const std::string& table);
  ~HeldInserts();
  HeldInserts(const HeldInserts&) = delete;
  HeldInserts& operator=(const HeldInserts&) = delete;

  /// Returns when somebody waits. Throws tests::Timeout.
  void wait() const;

 private:
  const tests::SmallPair& pair_;
  tests::Sql holder_;
};

}  // namespace faults
