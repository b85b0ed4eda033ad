#pragma once

#include "agent/steps/action.hpp"
#include "agent/steps/site.hpp"

namespace agent::steps {

/// The target is made ready for writers of its own. What it changes does no harm to a sync that goes on: it is not taken back.
class Settle : public Action {
 public:
  explicit Settle(Site& site) : site_(site) {}

  [[nodiscard]] cutover::Step step() const override { return cutover::Step::Settle; }
  [[nodiscard]] cutover::Plan plan() override;
  nlohmann::json run() override;

 private:
  Site& site_;
};

}  // namespace agent::steps
