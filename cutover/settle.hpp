#pragma once

#include <cstdint>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "core/relation.hpp"
#include "cutover/patient_transaction.hpp"
#include "cutover/plan.hpp"
#include "pg/session.hpp"

namespace cutover {

/// Which target tables are made ready for writers of their own.
struct SettleOrder {
  std::string ledger_schema;
  std::string actor;  ///< for audit_log
  std::set<core::QualifiedName> tables;
  std::vector<std::string> keep_disabled;  ///< triggers that are off on purpose: `orders.notify`
};

/// What that came to. Names are for people: `orders.notify`.
struct Settled {
  std::int64_t sequences = 0;            ///< moved
  std::vector<std::string> constraints;  ///< validated
  std::vector<std::string> triggers;     ///< switched on
  std::vector<std::string> kept_disabled;
  std::vector<std::string> unenforced;  ///< constraints that stay NOT ENFORCED
  std::vector<std::string> unanalyzed;  ///< tables that this role may not ANALYZE
  /// Columns whose next value may be one that is taken: their default calls a sequence in a way that does not tell what it counts.
  std::vector<std::string> unclear_sequences;
};

/// What settle() would run. Throws Error(Refused) when keep_disabled names what is not there, when a foreign key's own triggers are off and this
/// role may not switch them on, or when it lacks another right that this takes.
[[nodiscard]] Plan settle_plan(pg::Session& target, const SettleOrder& order);

/// Sequences and identities go on beyond the rows that were copied, constraints that were never validated are, triggers that are off are switched on,
/// statistics are renewed. Row-level security stays as it is. Repeatable; each statement is a transaction of its own. Throws as settle_plan() does,
/// Error(Refused) when rows break a constraint or a sequence has no other value, and Error(Target) when locks are not to be had, or when a stop has canceled
/// what ran: the session is to be replaced then.
[[nodiscard]] Settled settle(pg::Session& target, const SettleOrder& order, const Patience& patience,
                             const std::stop_token& stop);

/// Switches off again the triggers that settle() has switched on; how many. What else it did harms nobody.
std::int64_t unsettle(pg::Session& target, const std::string& ledger_schema, const std::string& actor,
                      const Patience& patience, const std::stop_token& stop);

}  // namespace cutover
