#pragma once

#include <chrono>

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
  /// Streams up to the marker in this process, for `limit` at most. False when it did not come so far: it took too long, or another process holds
  /// the state directory, an agent that has just been started.
  [[nodiscard]] bool stream_here(core::Lsn marker, std::chrono::milliseconds limit);

  Site& site_;
  Fence& fence_;
};

}  // namespace agent::steps
