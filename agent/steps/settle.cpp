#include "agent/steps/settle.hpp"

#include "cutover/sequences.hpp"

namespace agent::steps {

cutover::Plan Settle::plan() { return cutover::settling(site_.target, site_.target_tables()); }

nlohmann::json Settle::run() {
  for (const cutover::PlannedStatement& statement : plan()) {
    site_.require_not_stopped();
    site_.target.exec(statement.sql);
  }
  return nlohmann::json::object();
}

}  // namespace agent::steps
