#include "agent/steps/settle.hpp"

#include <spdlog/spdlog.h>

#include "apply/operator_name.hpp"
#include "cutover/settle.hpp"

namespace agent::steps {

cutover::SettleOrder Settle::order() const {
  return {.ledger_schema = site_.config.target.ledger_schema,
          .actor = apply::operator_name(),
          .tables = site_.target_tables(),
          .keep_disabled = site_.environment.plan.settle.keep_disabled};
}

cutover::Plan Settle::plan() { return cutover::settle_plan(site_.target, order()); }

nlohmann::json Settle::run() {
  const cutover::Settled settled = cutover::settle(site_.target, order(), {}, site_.stop);
  for (const std::string& trigger : settled.kept_disabled) {
    spdlog::warn("stays switched off, as settle.keep_disabled says trigger={}", trigger);
  }
  for (const std::string& constraint : settled.unenforced)
    spdlog::warn("stays NOT ENFORCED, as it was made constraint={}", constraint);
  for (const std::string& table : settled.unanalyzed)
    spdlog::warn("has no new statistics, the agent's role may not ANALYZE it: have its owner do so table={}", table);
  for (const std::string& column : settled.unclear_sequences) {
    spdlog::warn("nobody can tell whether the next value that its default gives is free: look yourself column={}",
                 column);
  }
  return {{"sequences", settled.sequences},
          {"constraints", settled.constraints},
          {"triggers", settled.triggers},
          {"kept_disabled", settled.kept_disabled},
          {"unclear_sequences", settled.unclear_sequences}};
}

bool Settle::take_back() {
  const std::string& schema = site_.config.target.ledger_schema;
  return cutover::unsettle(site_.target, schema, apply::operator_name(), {}, {}) > 0;
}

}  // namespace agent::steps
