#pragma once

#include <future>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "agent/environment.hpp"
#include "agent/interlude.hpp"
#include "mapping/plan.hpp"
#include "state/store.hpp"
#include "validate/outcome.hpp"

namespace agent {

/// Looks whether the counters that `agent status` shows are the statuses of the rows, counted again, for who asks over the control socket:
///
///   → {"command":"audit","asker":…}   ← {"wrong":[{"route":…,"recorded":{"read":…, …},"counted":{…}}, …]}
///
/// Rows and counters are those of one moment between two batches; the counting, which reads every row that is stored, is done beside the stream.
class CounterAudit {
 public:
  /// Both must outlive this, and this the stream's tasks.
  CounterAudit(const mapping::Plan& plan, const state::Store& store) : plan_(plan), store_(store) {}

  /// Nothing when it is not done yet: ask the same again. Throws Error(State). For one thread.
  [[nodiscard]] std::optional<nlohmann::json> answer(Interlude& interlude, const nlohmann::json& question);

 private:
  void begin();

  const mapping::Plan& plan_;
  const state::Store& store_;
  nlohmann::json question_;  // that is being counted for
  std::future<nlohmann::json> counting_;
  std::jthread counter_;
};

/// The routes whose counters are wrong: as the running agent says, or, when none runs, by its state directory. Throws Error(State).
[[nodiscard]] std::vector<validate::CounterOutcome> wrong_counters(const Environment& environment);

}  // namespace agent
