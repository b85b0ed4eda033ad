#pragma once

#include "agent/steps/action.hpp"
#include "agent/steps/site.hpp"
#include "cutover/handover.hpp"

namespace agent::steps {

/// The id map answers from a plain table from now on, whatever becomes of the columns that it was read from.
class Mappings : public Action {
 public:
  explicit Mappings(Site& site) : site_(site) {}

  [[nodiscard]] cutover::Step step() const override { return cutover::Step::Mappings; }
  [[nodiscard]] cutover::Plan plan() override;
  nlohmann::json run() override;
  bool take_back() override;

 private:
  Site& site_;
};

}  // namespace agent::steps
