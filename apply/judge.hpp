#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "apply/target_session.hpp"
#include "core/lookup.hpp"
#include "mapping/derive.hpp"
#include "mapping/plan.hpp"

namespace apply {

/// Asks the target whether rows pass their route's `where` (and which larger expressions came to NULL for want of a parent), and remembers
/// its answers: most conditions read a flag or two, so a handful of questions covers millions of rows.
/// Sound because expressions are immutable, or stable under settings that are pinned for the session.
class Judge {
 public:
  /// Verdicts (mapping::Judge::kPass, kFiltered, or a position in Route::columns) in the order of the rows.
  /// Throws Error(Data) when an expression fails for one of them.
  std::vector<int> verdicts(TargetSession& session, const mapping::Route& route,
                            std::span<const mapping::Derivation* const> rows, core::Lookup& lookup);

 private:
  // Bounds what is remembered; when it is full it starts anew, which costs one question per distinct input.
  static constexpr std::size_t kMostRemembered = 100'000;
  // Longer inputs (texts) hardly repeat: remembering them is all cost.
  static constexpr std::size_t kLongestRemembered = 64;

  std::unordered_map<std::string, int> remembered_;
};

}  // namespace apply
