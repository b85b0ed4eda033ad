#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apply/applier.hpp"
#include "core/transaction.hpp"
#include "mapping/plan.hpp"
#include "state/store.hpp"
#include "tests/support/cluster.hpp"
#include "tests/support/temp_dir.hpp"

namespace tests {

using Cells = std::vector<std::optional<std::string>>;

/// Whether foreign keys and triggers rest while the agent's role writes.
enum class ForeignKeys : bool { Rest, Enforced };

/// An applier on a server of its own, fed by hand. Schema `old` holds the source's tables (for their catalog only), `public` the target's.
class ApplyFixture {
 public:
  /// `routes` are the items of mapping.yaml's list.
  ApplyFixture(const std::string& schema, const std::string& routes, ForeignKeys foreign_keys = ForeignKeys::Rest,
               apply::QuarantineLimit limit = {1.0, 0});

  [[nodiscard]] core::Change insert(const std::string& table, const Cells& cells);
  [[nodiscard]] core::Change update(const std::string& table, const Cells& cells);
  [[nodiscard]] core::Change remove(const std::string& table, const std::string& id);

  /// One source transaction each; all of them in one batch, which is committed. The counters must equal the statuses, counted anew.
  void apply(const std::vector<std::vector<core::Change>>& transactions);
  void commit();

  /// Route and key of each row that is quarantined: `users 4, users 7`; `(null)`: none.
  [[nodiscard]] std::string refused() const;
  [[nodiscard]] core::RouteCounters counters(const std::string& route) const;
  /// The single value of a query on the target, `(null)` for none.
  [[nodiscard]] std::string value(const std::string& sql) const { return database.query_value(sql).value_or("(null)"); }
  [[nodiscard]] apply::Applier& applier() { return *applier_; }
  [[nodiscard]] const mapping::Plan& plan() const { return plan_; }
  [[nodiscard]] static core::RowKey number(std::int64_t value);

  Cluster cluster;
  Database database;

 private:
  [[nodiscard]] const std::shared_ptr<const core::Relation>& relation(const std::string& table);

  TempDir directory_{"state"};
  mapping::Plan plan_;
  std::unique_ptr<apply::Ledger> ledger_;
  std::unique_ptr<state::Store> store_;
  std::unique_ptr<apply::Applier> applier_;
  core::Catalog source_;
  std::map<std::string, std::shared_ptr<const core::Relation>> relations_;
  std::uint64_t next_lsn_ = 1000;
};

}  // namespace tests
