#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "cutover/patient_transaction.hpp"
#include "cutover/plan.hpp"
#include "pg/session.hpp"

namespace cutover {

// While rows are moved, migration_mappings of the ledger is a view on the target tables that carry their legacy keys. With the switch it
// becomes a table with the same rows and the same name: then such a column may be dropped, and the map still answers. What it was, and how it is
// made again, is a line of schema_changes.

/// What hand_over_mappings() would run; empty when it was done. Throws Error(Refused) when something else reads the view: it is named.
[[nodiscard]] Plan handover_plan(pg::Session& target, const std::string& ledger_schema);

/// One transaction; nobody but the owner may use the table. Returns its rows; nothing when it is a table already. Throws as handover_plan() does, and
/// Error(Refused) when rows of the target claim one legacy key together.
std::optional<std::int64_t> hand_over_mappings(pg::Session& target, const std::string& ledger_schema,
                                               const std::string& actor, const Patience& patience,
                                               const std::stop_token& stop);

/// Makes it the view that it was, with the rights that it had. Returns false when it is a view already. Throws Error(Refused) while a column that
/// the view reads is dropped.
bool take_back_mappings(pg::Session& target, const std::string& ledger_schema, const std::string& actor,
                        const Patience& patience, const std::stop_token& stop);

}  // namespace cutover
