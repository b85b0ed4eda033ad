#include "state/census.hpp"

#include <cstddef>
#include <string>
#include <utility>

#include "state/keys.hpp"
#include "state/scan.hpp"
#include "state/store.hpp"
#include "state/store_impl.hpp"

namespace state {

struct Census::Impl {
  explicit Impl(const Store::Impl& of) : store(of), recorded(of.counters.read()) {
    for (const TableLayout& table : of.layout.tables) {
      if (table.routes.empty()) continue;
      const std::string prefix = table_prefix(table.id);
      // An iterator sees what was there when it was made.
      tables.emplace_back(
          &table, std::make_unique<Scan>(of.database, Family::Rows, prefix, prefix_end(prefix), Scan::Purpose::Sweep));
    }
  }

  const Store::Impl& store;
  const std::vector<core::RouteCounters> recorded;
  std::vector<std::pair<const TableLayout*, std::unique_ptr<Scan>>> tables;
};

Census::Census(const Store& store) : impl_(std::make_unique<Impl>(*store.impl_)) {}
Census::~Census() = default;

const std::vector<core::RouteCounters>& Census::recorded() const { return impl_->recorded; }

std::vector<core::RouteCounters> Census::count(const std::stop_token& stop) {
  std::vector<core::RouteCounters> counters(impl_->store.layout.route_count);
  for (const auto& [table, rows] : impl_->tables) {
    for (; rows->is_valid() && !stop.stop_requested(); rows->next()) {
      const StoredRow row = impl_->store.decode(table->id, rows->value());
      for (std::size_t slot = 0; slot < table->routes.size(); ++slot) {
        count_status(counters[table->routes[slot].index()], row.statuses[slot], 1);
      }
    }
  }
  return counters;
}

}  // namespace state
