#include "agent/cleanup_order.hpp"

#include <utility>

#include "apply/operator_name.hpp"
#include "mapping/sql_text.hpp"

namespace agent {

cutover::CleanupOrder cleanup_order(const Config& config, const mapping::MappingFile& file) {
  cutover::CleanupOrder order{
      .ledger_schema = config.target.ledger_schema, .actor = apply::operator_name(), .going = {}, .also_drop = {}};
  for (const auto& [table, columns] : file.cleanup.drop_columns) {
    cutover::GoingColumns going{.table = mapping::parse_table_name(table.text), .columns = {}};
    for (const mapping::Scalar& column : columns) going.columns.push_back(column.text);
    order.going.push_back(std::move(going));
  }
  for (const mapping::Scalar& name : file.cleanup.also_drop) order.also_drop.push_back(name.text);
  return order;
}

}  // namespace agent
