#pragma once

#include "agent/steps/action.hpp"
#include "agent/steps/fence.hpp"
#include "agent/steps/site.hpp"

namespace agent::steps {

/// The running agent ends, and what the sync needs of the source goes.
class Release : public Action {
 public:
  Release(Site& site, Fence& fence) : site_(site), fence_(fence) {}

  [[nodiscard]] cutover::Step step() const override { return cutover::Step::Release; }
  /// Throws Error(Refused) when the publication is not this role's to drop.
  [[nodiscard]] cutover::Plan plan() override;
  nlohmann::json run() override;

 private:
  void wait_until_free();
  void require_nothing_left();

  Site& site_;
  Fence& fence_;
};

}  // namespace agent::steps
