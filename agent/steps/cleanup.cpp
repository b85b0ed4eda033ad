#include "agent/steps/cleanup.hpp"

#include "agent/cleanup_order.hpp"

namespace agent::steps {

using nlohmann::json;

Cleanup::Cleanup(Site& site) : site_(site), order_(cleanup_order(site.config, read_mapping(site.config))) {}

json Cleanup::run() {
  json tables = json::array();
  for (const cutover::CleanedTable& table : cutover::clean_up(site_.target, order_, {}, site_.stop)) {
    tables.push_back({{"table", table.table.display()}, {"columns", table.columns}, {"archive", table.archive}});
  }
  return {{"cleaned", tables}};
}

}  // namespace agent::steps
