#pragma once

#include <string>

#include "tests/support/small_pair.hpp"

namespace crash {

/// A small pair with everything that a crash could tear: parents that come and go by a `where`, a column joined from the
/// parent, a reference of a table to itself, and a route without ids. Its oracle is SQL written by hand.
class Staff {
 public:
  Staff();

  tests::SmallPair pair;

  /// The n-th live transaction: inserts, updates, deletes, a key that changes, a savepoint that is rolled back.
  void change(int n) const;
  /// One transaction that touches every person and badge of a person.
  void change_everything() const;
  /// A person whom the target refuses until mend_refused() and `agent quarantine retry`.
  void insert_refused(int n) const;
  void mend_refused() const;
  /// Two badges exchange their labels, which are unique on the target.
  void swap_labels() const;
  /// A table is emptied and most of it is put back, in one transaction.
  void truncate() const;
  /// One transaction of more than the local state writes at once: parents that come and go first, then many rows.
  void change_much(int n) const;
  /// Removes a row in fifty, all over the tables, and adds as many.
  void sweep(int n) const;
  /// From now on the mapping reads one column more, or less, so that the local state has another layout.
  void change_layout();
  /// Asserts that the source has the agent's slot and no other.
  void expect_one_slot() const;
  /// Asserts that the source was told of nothing that is not on the target: the slot is not beyond the checkpoint row.
  void expect_nothing_ahead() const;
  /// Asserts (Boost.Test) that the target's tables equal the oracle and that the agent's counters equal the oracle's counts.
  /// Needs everything to be applied and no agent to run.
  void expect_equal() const;
};

}  // namespace crash
