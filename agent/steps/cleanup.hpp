#pragma once

#include "agent/steps/action.hpp"
#include "agent/steps/site.hpp"
#include "cutover/cleanup.hpp"

namespace agent::steps {

/// The columns that the mapping lists are dropped. `agent rollback cleanup` brings them back, as the last ones of their tables and by writing every row:
/// that is not what an abort promises, so that this is where the point of no return lies.
class Cleanup : public Action {
 public:
  explicit Cleanup(Site& site);

  [[nodiscard]] cutover::Step step() const override { return cutover::Step::Cleanup; }
  /// Throws Error(Refused) when something that nobody listed hangs on the columns.
  [[nodiscard]] cutover::Plan plan() override { return cutover::cleanup_plan(site_.target, order_); }
  nlohmann::json run() override;

 private:
  Site& site_;
  const cutover::CleanupOrder order_;
};

}  // namespace agent::steps
