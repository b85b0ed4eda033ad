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
  /// Asserts (Boost.Test) that the target's tables equal the oracle and that the agent's counters equal the oracle's counts.
  /// Needs everything to be applied and no agent to run.
  void expect_equal() const;
};

}  // namespace crash
