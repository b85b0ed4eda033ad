#pragma once

#include "agent/steps/action.hpp"
#include "agent/steps/site.hpp"
#include "cutover/settle.hpp"

namespace agent::steps {

/// The target is made ready for writers of its own. Taken back are the triggers alone: nothing else that it changes is in the way of a sync.
class Settle : public Action {
 public:
  explicit Settle(Site& site) : site_(site) {}

  [[nodiscard]] cutover::Step step() const override { return cutover::Step::Settle; }
  [[nodiscard]] cutover::Plan plan() override;
  nlohmann::json run() override;
  bool take_back() override;

 private:
  [[nodiscard]] cutover::SettleOrder order() const;

  Site& site_;
};

}  // namespace agent::steps
