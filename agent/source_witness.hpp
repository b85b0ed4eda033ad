#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "pg/connection_params.hpp"
#include "pg/session.hpp"
#include "replication/slot_peek.hpp"

namespace agent {

/// Watches what is committed to the published tables, by a temporary slot of its own: independent of the stream and of whether an agent runs.
class SourceWitness {
 public:
  /// Makes the slot, which goes with this object. Waits for transactions that write, as the creation of every slot does: throws Error(Refused) when
  /// one does not end within `limit`.
  SourceWitness(const pg::ConnectionParams& source, const std::string& slot, std::string publication,
                std::chrono::milliseconds limit);

  /// The first change since it watches that was committed by now; nothing when there is none.
  [[nodiscard]] std::optional<replication::PendingChange> first_change();

 private:
  pg::Session session_;
  std::string slot_;
  std::string publication_;
};

}  // namespace agent
