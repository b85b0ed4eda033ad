#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "tests/soak/faults.hpp"
#include "tests/soak/samples.hpp"

namespace soak {

/// How long and how hard.
struct SoakOptions {
  std::uint64_t seed = 1;
  std::chrono::seconds duration{120};
  std::chrono::seconds round{40};  ///< from one comparison with the oracle to the next
  std::chrono::milliseconds sample_every{1'000};
  std::string scale = "0.005";  ///< of the legacy database
  int sessions = 3;             ///< of live work
  double pause_ms = 10;         ///< rest of a session after each transaction
  int big_rows = 20'000;        ///< of a big transaction
  double longest_fault_seconds = 3;
  std::chrono::seconds recovery{240};  ///< longer than this after a fault, and the agent counts as stuck
  bool judges_trend = false;           ///< whether figures must stay flat, not only below their bounds
  std::ostream* progress = nullptr;    ///< gets a line per fault and comparison, if there is one
  bool holds = false;                  ///< after a difference, leaves everything as it is until SIGINT or SIGTERM
  std::filesystem::path log;           ///< where the agents' logs go, and when which fault was made
};

/// One comparison with the oracle.
struct Comparison {
  double at = 0;       ///< seconds since the start
  double seconds = 0;  ///< from the end of the live work until all was applied and compared
  long transactions = 0;
  std::int64_t rows = 0;  ///< rows that the routes have read
  double state_mib = 0;
  std::vector<std::string> differences;
};

/// What a run came to.
struct SoakResult {
  double seconds = 0;
  bool was_interrupted = false;
  std::string agent_version;
  std::string server_version;
  long transactions = 0;
  std::map<std::string, FaultTally> faults;
  std::vector<Comparison> comparisons;
  std::vector<Sample> samples;
  double peak_mib = 0;
  long looks = 0;
  int starts = 0;
  std::map<int, int> ends;
  int killed_by_failpoint = 0;
  int refused_states = 0;
  long deadlocks = 0;
  std::size_t network_connections = 0;
  std::size_t network_cuts = 0;
  std::vector<std::string> findings;
};

/// Runs live work and faults for as long as told, with comparisons in between, or until SIGINT or SIGTERM, or until nothing helps any
/// more. Whatever goes wrong is in the result's findings. Throws only when it cannot even begin.
[[nodiscard]] SoakResult run_soak(const SoakOptions& options);

}  // namespace soak
