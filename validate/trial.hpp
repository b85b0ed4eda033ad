#pragma once

#include <span>
#include <vector>

#include "core/row_key.hpp"
#include "mapping/plan.hpp"
#include "pg/prepared_statements.hpp"
#include "pg/session.hpp"
#include "state/overlay.hpp"

namespace validate {

/// Tries whether the target would take rows as it is now, and takes every one back: it writes in a transaction that is never committed, and waits
/// for nobody's lock.
class Trial {
 public:
  /// Throws Error(Target).
  explicit Trial(const pg::ConnectionParams& params);
  ~Trial();
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  /// Those of the rows that the target takes, each for itself.
  [[nodiscard]] std::vector<core::RowKey> passing(const mapping::Plan& plan, const mapping::Route& route,
                                                  std::span<const core::RowKey> keys, state::Overlay& overlay);

 private:
  pg::Session session_;
  pg::PreparedStatements statements_;
};

}  // namespace validate
