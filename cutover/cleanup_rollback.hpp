#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "cutover/patient_transaction.hpp"
#include "cutover/plan.hpp"
#include "pg/session.hpp"

namespace cutover {

/// What taking back cleanups came to.
struct CleanupRollback {
  struct Left {
    std::string sql;     ///< what could not be brought back
    std::string reason;  ///< which rule of the server it broke; never row values
  };
  std::int64_t statements = 0;        ///< taken back, now
  std::vector<Left> left;             ///< rules that rows of after the cleanup break: tried again by the next rollback
  std::vector<std::string> archives;  ///< kept; quoted names
};

/// What roll_back_cleanup() would run.
[[nodiscard]] Plan cleanup_rollback_plan(pg::Session& target, const std::string& ledger_schema);

/// Takes back every cleanup that stands, the newest statement first: one transaction for each of the cleanup's, so that one that was cut
/// off is just repeated. Rows that are newer than the cleanup get the columns' defaults; a NOT NULL or a constraint that they break stays off, and is
/// told. Archives are kept.
[[nodiscard]] CleanupRollback roll_back_cleanup(pg::Session& target, const std::string& ledger_schema,
                                                const std::string& actor, const Patience& patience,
                                                const std::stop_token& stop);

}  // namespace cutover
