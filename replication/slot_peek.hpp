#pragma once

#include <optional>
#include <string>

#include "core/lsn.hpp"
#include "pg/session.hpp"

namespace replication {

/// A change of a published table that a slot has not delivered yet.
struct PendingChange {
  core::Lsn lsn;  ///< of its transaction's commit
  std::string table;
};

/// The first change that the slot still holds, that had committed by the time of the call, and whose transaction is not contained in `applied`;
/// nothing when there is none. Consumes nothing. Writes a marker, so that the server's log has an end to read to: throws what emit_marker() and
/// Session::exec throw, the latter while somebody else reads from the slot.
[[nodiscard]] std::optional<PendingChange> first_pending_change(pg::Session& source, const std::string& slot,
                                                                const std::string& publication, core::Lsn applied);

}  // namespace replication
