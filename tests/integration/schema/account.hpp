#pragma once

#include <string>
#include <vector>

#include "tests/support/small_pair.hpp"

namespace tests {

/// A source table `account` whose schema the tests change, copied into `accounts`:
///
///   account(id integer key, first varchar(20), spare integer, amount numeric(10,2), second varchar(20))
///
/// `spare` is not mapped; `second`, the last column, is. Twenty rows are there before the snapshot. `log` is a second mapped
/// table that nobody alters: it shows what goes on and what stops.
struct Account : SmallPair {
  /// `more` is run on the source before the agent's first start.
  explicit Account(const std::string& more = "");

  /// The mapping with these columns for account, read from this table; `more` is of its route: `, key: [id]`.
  static std::string mapping(const std::string& columns = "first: first, second: second, amount: amount, legacy_id: id",
                             const std::string& from = "account", const std::string& more = "");
  void set_mapping(const std::string& text);

  /// Asserts that the target holds what these two queries say, one written for either side.
  void expect_equal(
      const std::string& on_source = "SELECT id, first, second, amount FROM account ORDER BY 1",
      const std::string& on_target = "SELECT legacy_id, first, second, amount FROM accounts ORDER BY 1") const;
  /// Asserts that the slot was never told more than the checkpoint says.
  void expect_slot_behind_checkpoint() const;
  /// Asserts that `agent run` ends with this code and says all of this on its standard error.
  void expect_run_ends(int exit_code, const std::vector<std::string>& said);
  /// The same of the agent that was started.
  void expect_end(int exit_code, const std::vector<std::string>& said);
  /// Runs the `agent snapshot …` that the last agent's words named as the remedy, as it stands there, then brings over what is left.
  void follow_remedy();

 private:
  std::string said_;  // by the last agent that ended
};

}  // namespace tests
