#pragma once

#include "agent/steps/action.hpp"
#include "agent/steps/fence.hpp"
#include "agent/steps/site.hpp"
#include "core/lsn.hpp"

namespace agent::steps {

/// Everything that was committed before the fence comes to the target, through the running agent or, without one, here.
class Drain : public Action {
 public:
  Drain(Site& site, Fence& fence) : site_(site), fence_(fence) {}

  [[nodiscard]] cutover::Step step() const override { return cutover::Step::Drain; }
  nlohmann::json run() override;

 private:
  [[nodiscard]] bool has_arrived(core::Lsn marker);
  /// Streams up to the marker in this process. False when another one holds the state directory: an agent that has just been started.
  [[nodiscard]] bool stream_here(core::Lsn marker);

  Site& site_;
  Fence& fence_;
};

}  // namespace agent::steps
