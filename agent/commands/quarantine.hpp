#pragma once

#include <cstdint>
#include <functional>

#include "agent/config.hpp"
#include "agent/options.hpp"

namespace CLI {
class App;
}

namespace agent::commands::quarantine {

/// What became of the rows that a retry took up.
struct RetryResult {
  std::int64_t retried = 0;
  std::int64_t applied = 0;  ///< are in the target now (or rightly out of it)
  std::int64_t still = 0;    ///< quarantined again
};

/// Retries quarantined rows in this process, for when no agent runs. `route` and `keys` as in Options::Quarantine.
using RetryRows = std::function<RetryResult(const Config& config, const Options::Quarantine& selection)>;

void declare(CLI::App& app, Options& options);
/// Without `retry`, a retry needs a running agent.
int run(const Options& options, const RetryRows& retry);

}  // namespace agent::commands::quarantine
