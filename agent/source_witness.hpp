#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/lsn.hpp"
#include "pg/session.hpp"

namespace agent {

/// A change of a published table that should not have been made.
struct WitnessedChange {
  core::Lsn lsn;  ///< of its transaction's commit
  std::string table;
};

/// The first change that this slot still holds and that committed at or after `applied`; nothing when there is none. Consumes nothing. Throws
/// replication::slot_in_use() while somebody reads from the slot.
[[nodiscard]] std::optional<WitnessedChange> first_unapplied_change(pg::Session& source, const std::string& slot,
                                                                    const std::string& publication, core::Lsn applied);

/// Watches what is committed to the published tables, by a temporary slot of its own: independent of the stream and of whether an agent runs.
class SourceWitness {
 public:
  /// Makes the slot, which goes with this object. Waits for transactions that write, as the creation of every slot does: throws Error(Refused) when
  /// one does not end within `limit`.
  SourceWitness(const pg::ConnectionParams& source, const std::string& slot, std::string publication,
                std::chrono::milliseconds limit);

  /// The first change since it watches that was committed by now; nothing when there is none.
  [[nodiscard]] std::optional<WitnessedChange> first_change();

 private:
  pg::Session session_;
  std::string slot_;
  std::string publication_;
};

}  // namespace agent
