#pragma once

#include <initializer_list>
#include <string>

#include "tests/crash/staff.hpp"

namespace startup {

/// A pair whose rows were brought over, and the verbs of tests that then make its parts disagree.
struct Disagreement : crash::Staff {
  /// Brings the snapshot over; the oracle is equal.
  Disagreement();

  /// Changes number `from` up to (not including) `to`, committed on the source.
  void change(int from, int to) const;
  /// `agent run` until everything that is committed is on the target; must end with 0. Asserts equality with the oracle.
  void expect_convergence();
  /// `agent run` ends with `exit_code`, says every one of `texts` and a remedy, changes nothing on the target and neither makes nor drops a
  /// slot; and so it does when it is started again.
  void expect_refused(int exit_code, std::initializer_list<std::string> texts) const;
  /// The remedy "copy anew" to the letter; then the agent must converge.
  void expect_remedy_copy_anew_converges();
  /// The remedy "remove the state directory".
  void lose_state() const;

  [[nodiscard]] std::string checkpoint() const;
  void drop_slot() const;
  /// A text of everything that the target has, ledger's checkpoint included.
  [[nodiscard]] std::string target_content() const;
};

}  // namespace startup
