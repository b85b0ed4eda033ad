#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/agent_under_test.hpp"
#include "tests/support/process.hpp"
#include "tests/support/replicated_pair.hpp"

namespace tests {

/// What may be otherwise in the dispatch example.
struct DispatchOptions {
  std::string scale = "0.01";
  std::uint32_t workers = 2;
  std::uint32_t chunk_rows = 50'000;
  std::vector<std::string> source_conf = {};  ///< lines for the source's postgresql.conf
};

/// Rows of a route, by what became of them.
struct RouteTally {
  std::int64_t read = 0;
  std::int64_t applied = 0;
  std::int64_t filtered = 0;
  std::int64_t parked = 0;
  std::int64_t quarantined = 0;
  friend bool operator==(const RouteTally&, const RouteTally&) = default;
};

/// The dispatch example on two servers: the legacy database generated at a scale, the workload installed, the target's
/// empty schema, and an agent with the reference mapping.
struct DispatchPair {
  explicit DispatchPair(const DispatchOptions& options = {});

  ReplicatedPair servers;
  AgentUnderTest agent;

  /// Runs live transactions to their end; the same seed continues where it stopped. `migrates`: the legacy application also
  /// alters its tables meanwhile.
  void workload(std::int64_t seed, int transactions, bool migrates = false) const;
  /// The same in the background. `pause_ms` is the rest after each transaction.
  [[nodiscard]] std::unique_ptr<Process> start_workload(std::int64_t seed, int transactions, double pause_ms) const;

  /// Asserts (Boost.Test), with both databases at rest, that the target equals the oracle, and that the agent's counters equal the oracle's own count of
  /// what is read, applied, filtered, parked and quarantined.
  void expect_equal_to_oracle() const;

  /// Of every route, from `agent status --json`.
  [[nodiscard]] std::map<std::string, RouteTally> counters() const;
  /// Of every route, what the generator's bookkeeping says of the initial copy.
  [[nodiscard]] std::map<std::string, RouteTally> generated_tally() const;
};

/// A tally as a line, for messages.
[[nodiscard]] std::string to_string(const RouteTally& tally);

}  // namespace tests
