#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "pg/catalog.hpp"
#include "pg/connection_params.hpp"
#include "replication/assembler.hpp"

namespace replication {

/// How a receiver reads; the defaults are those of the product.
struct ReceiverOptions {
  pg::ConnectionParams source;
  std::string slot;
  std::string publication;
  /// Shows in the walsender's application_name, so that an orphan of a crash can be told from another agent.
  std::string purpose = "stream";
  /// What the source was when its rows were copied. A source that turns out to be another is refused.
  std::optional<pg::ServerIdentity> identity;
  PartLimits limits;
  /// Whether the source may send large transactions before they commit, where it can.
  bool streams_uncommitted = true;

  /// The longest time between two statuses, and between two idle horizons.
  std::chrono::milliseconds status_interval{10'000};
  /// The shortest time between two statuses that nobody asked for.
  std::chrono::milliseconds ack_interval{100};
  /// Reconnecting waits from `first` up to `most`, doubling, with jitter.
  std::chrono::milliseconds first_backoff{100};
  std::chrono::milliseconds most_backoff{10'000};
  std::uint64_t backoff_seed = 0;
  /// How often a slot in use is tried again: with the defaults for more than a minute, the time after which a source ends an
  /// orphan of ours by itself.
  unsigned most_tries_in_use = 15;
};

}  // namespace replication
