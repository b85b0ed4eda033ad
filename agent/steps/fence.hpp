#pragma once

#include <optional>

#include "agent/source_witness.hpp"
#include "agent/steps/action.hpp"
#include "agent/steps/site.hpp"
#include "cutover/source_fence.hpp"

namespace agent::steps {

/// Nobody writes to the source any more, and somebody watches that nobody does.
class Fence : public Action {
 public:
  explicit Fence(Site& site);

  [[nodiscard]] cutover::Step step() const override { return cutover::Step::Fence; }
  [[nodiscard]] cutover::Plan plan() override { return fence_.plan(); }
  [[nodiscard]] nlohmann::json remember() override { return fence_.remember(); }
  nlohmann::json run() override;
  bool take_back() override;

  /// Throws Error(Refused) when somebody may write, or has done so since the fence was put up by this process. Waits for transactions that have written and
  /// are not committed yet.
  void require_unbroken();

 private:
  /// What the journal says of the fence that is up, or is to be.
  [[nodiscard]] nlohmann::json memory() const { return site_.run.detail(step()); }

  Site& site_;
  cutover::SourceFence fence_;
  std::optional<SourceWitness> witness_;
};

}  // namespace agent::steps
