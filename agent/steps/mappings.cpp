#include "agent/steps/mappings.hpp"

#include "apply/operator_name.hpp"

namespace agent::steps {

cutover::Plan Mappings::plan() { return cutover::handover_plan(site_.target, site_.config.target.ledger_schema); }

nlohmann::json Mappings::run() {
  // One that was made before a crash may lack what was drained since.
  take_back();
  const auto rows = cutover::hand_over_mappings(site_.target, site_.config.target.ledger_schema, apply::operator_name(),
                                                {}, site_.stop);
  return {{"rows", rows.value_or(0)}};
}

bool Mappings::take_back() {
  return cutover::take_back_mappings(site_.target, site_.config.target.ledger_schema, apply::operator_name(), {}, {});
}

}  // namespace agent::steps
