#pragma once

#include <optional>
#include <string>

#include "agent/census.hpp"
#include "core/lsn.hpp"
#include "pg/session.hpp"
#include "validate/finding_log.hpp"
#include "validate/outcome.hpp"

namespace agent {

/// A validation of everything, as the ledger remembers it.
struct ValidationRecord {
  std::string finished_at;  ///< as the target's clock had it
  core::Lsn lsn;
  bool match = false;
  bool is_complete = false;
  bool is_of_this_copy = false;  ///< no snapshot was taken since it began
  Census census;
};

/// Writes what a validation came to into migration_control, phase `validate`. One that was interrupted before it found anything is marked as
/// such: it says nothing. Throws what exec throws.
void record_validation(pg::Session& target, const std::string& ledger_schema, const validate::Outcome& outcome,
                       const validate::FindingOrigin& origin, const Census& census, bool was_interrupted);

/// The newest validation of everything that came to its end, of this pair of databases and under this meaning of the mapping (the origin's LSN
/// does not matter).
[[nodiscard]] std::optional<ValidationRecord> last_whole_validation(pg::Session& target,
                                                                    const std::string& ledger_schema,
                                                                    const validate::FindingOrigin& origin);

/// Why a cutover may not rely on it, with what to do; empty: it may.
[[nodiscard]] std::string validation_obstacle(const std::optional<ValidationRecord>& record);

}  // namespace agent
