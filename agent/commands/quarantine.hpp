#pragma once

#include <cstdint>
#include <functional>

#include "agent/config.hpp"
#include "agent/options.hpp"
#include "agent/quarantine_discard.hpp"

namespace CLI {
class App;
}

namespace agent::commands::quarantine {

/// What became of the rows that a retry took up.
struct RetryResult {
  std::int64_t retried = 0;
  std::int64_t applied = 0;  ///< are in the target now (or rightly out of it)
  std::int64_t still = 0;    ///< quarantined again

  [[nodiscard]] static RetryResult of(std::int64_t retried, std::int64_t still) {
    return {retried, retried - still, still};
  }
  RetryResult& operator+=(const RetryResult& other) {
    retried += other.retried;
    applied += other.applied;
    still += other.still;
    return *this;
  }
};

/// What is done in this process, for when no agent runs. `selection` as in Options::Quarantine.
struct Here {
  std::function<RetryResult(const Config& config, const Options::Quarantine& selection)> retry;
  std::function<DiscardResult(const Config& config, const DiscardRequest& request)> discard;
};

void declare(CLI::App& app, Options& options);
int run(const Options& options, const Here& here);

}  // namespace agent::commands::quarantine
