#pragma once

#include <string>
#include <vector>

#include "apply/target_session.hpp"
#include "core/row_key.hpp"
#include "mapping/plan.hpp"

namespace apply {

/// Target rows that stand in each other's way because a unique value moves between them: they leave for the length of a replay and come
/// back with what they held in columns that no route names. Lives in a temporary table of the open transaction; only for routes with an
/// id, and only while the session rests foreign keys (a row that leaves would take its children along otherwise).
class HeldAside {
 public:
  explicit HeldAside(TargetSession& session) : session_(session) {}

  /// Whether rows of this route can be held aside in this session.
  [[nodiscard]] bool can_hold(const mapping::Route& route) const { return route.id_column && session_.is_replica(); }
  /// Copies the row with this id, if it is there. The caller removes it.
  void hold(const mapping::Route& route, const std::string& id);
  /// Gives the rows that are back what they held in unmapped columns, and forgets all of them.
  void restore(const mapping::Plan& plan);

 private:
  TargetSession& session_;
  std::vector<core::RouteId> routes_;  // that have a table of held rows
};

}  // namespace apply
