#pragma once

#include <span>
#include <string>
#include <vector>

#include "apply/target_session.hpp"
#include "core/row_key.hpp"
#include "mapping/plan.hpp"

namespace apply {

/// Target rows that stand in each other's way because a unique value moves between them: they are taken out, written anew, and get back what
/// they held in columns that no route names. Nobody else notices: no foreign key and no trigger acts on it. Lives in temporary tables of the open
/// transaction.
class HeldAside {
 public:
  /// Whether others may notice: where all of it is rolled back again.
  enum class Noticed : bool { Never, Perhaps };
  explicit HeldAside(TargetSession& session, Noticed noticed = Noticed::Never) : session_(session), noticed_(noticed) {}

  /// Takes out the rows of these keys that are there, whole. False, with nothing done, where others would notice: the session does not rest what
  /// acts on a row that goes or comes, other rows refer to it, or another route writes columns of the same row. Once per route.
  [[nodiscard]] bool take_out(const mapping::Plan& plan, const mapping::Route& route,
                              std::span<const core::RowKey> target_keys);
  /// To be called when the rows have been written again.
  void give_back(const mapping::Plan& plan);

 private:
  TargetSession& session_;
  Noticed noticed_;
  std::vector<core::RouteId> routes_;  // that have a table of held rows
};

}  // namespace apply
