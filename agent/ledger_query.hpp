#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "apply/ledger.hpp"
#include "pg/session.hpp"

namespace agent {

/// `"schema"."table"` of a table of the ledger on the target.
[[nodiscard]] std::string ledger_table(const std::string& schema, std::string_view table);
/// Whether the ledger has this table (or view) already: before the first snapshot there is none. Throws what exec throws.
[[nodiscard]] bool has_ledger_table(pg::Session& target, const std::string& schema, std::string_view table);
/// What migration_control calls the initial copy.
inline constexpr const char* kSnapshotPhase = "snapshot";
/// Why the last snapshot gave up; empty unless it did, and none has begun since.
[[nodiscard]] std::string snapshot_failure(pg::Session& target, const std::string& schema);
/// The target's checkpoint of this slot; nothing also when the ledger does not exist yet.
[[nodiscard]] std::optional<apply::Checkpoint> find_checkpoint(pg::Session& target, const std::string& schema,
                                                               const std::string& slot);

}  // namespace agent
