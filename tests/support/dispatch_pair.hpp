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
  std::vector<std::string> target_conf = {};  ///< lines for the target's
  bool listens_on_loopback = false;           ///< both servers also on 127.0.0.1
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

  /// With both databases at rest: every way in which the target differs from the oracle, or the agent's counters from the oracle's own count of what is
  /// read, applied, filtered, parked and quarantined, each as a line that names the route. None: all is well. Throws std::runtime_error when the oracle
  /// cannot compare.
  [[nodiscard]] std::vector<std::string> differences_from_oracle() const;
  /// Asserts (Boost.Test) that there are none.
  void expect_equal_to_oracle() const;

  /// Of every route, from `agent status --json`.
  [[nodiscard]] std::map<std::string, RouteTally> counters() const;
  /// Of every route, what the generator's bookkeeping says of the initial copy.
  [[nodiscard]] std::map<std::string, RouteTally> generated_tally() const;
};

/// A tally as a line, for messages.
[[nodiscard]] std::string to_string(const RouteTally& tally);

}  // namespace tests
