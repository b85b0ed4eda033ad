#pragma once

#include <string>
#include <vector>

#include "tests/support/small_pair.hpp"
#include "validate/finding.hpp"

namespace repair {

/// A small pair with something of everything that a row is derived from: parents, a joined table, ids of an earlier migration, a route
/// without an id. Everything of `bring_over()` is on the target when it is made.
class Club : public tests::SmallPair {
 public:
  explicit Club(const std::string& more_target = {});

  /// Makes this the list of the last validation.
  void found(const std::vector<validate::Finding>& findings) const;
  /// Throws std::runtime_error, naming the difference, unless the target is what the source means (SQL written by hand) and nobody claims more.
  /// Rows of the new application (legacy_id NULL) may be there.
  void require_equal() const;
  [[nodiscard]] std::string person_id(int person) const;
  [[nodiscard]] std::string team_id(int team) const;
};

[[nodiscard]] validate::Finding missing(const std::string& route, const std::string& key);
[[nodiscard]] validate::Finding different(const std::string& route, const std::string& key);
[[nodiscard]] validate::Finding extra(const std::string& route, const std::string& key,
                                      const std::vector<std::string>& target_key);

}  // namespace repair
