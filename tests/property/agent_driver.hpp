#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/replicated_pair.hpp"
#include "tests/support/temp_dir.hpp"

namespace tests {

/// Settings of the program that a random test varies.
struct AgentSettings {
  std::size_t batch_rows = 2000;
  std::size_t memory_mb = 64;
  std::size_t chunk_rows = 50000;
  std::size_t workers = 2;
};

/// The real program with a configuration, a mapping and a state directory of its own.
class AgentDriver {
 public:
  AgentDriver(const ReplicatedPair& pair, const std::string& mapping, const AgentSettings& settings);

  /// Starts a command that is left running.
  [[nodiscard]] std::unique_ptr<Process> start(const std::vector<std::string>& command) const;
  /// Runs a command to its end and returns what it printed; throws std::runtime_error with its log unless it exits with 0.
  std::string run(const std::vector<std::string>& command) const;

 private:
  TempDir directory_;
};

}  // namespace tests
