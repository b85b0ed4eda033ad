#pragma once

#include <nlohmann/json.hpp>

#include "cutover/plan.hpp"
#include "cutover/step.hpp"

namespace agent::steps {

/// What one step of a cutover does, and how it is taken back. Whoever goes through the steps writes down when each begins and ends.
class Action {
 public:
  Action() = default;
  Action(const Action&) = delete;
  Action& operator=(const Action&) = delete;
  virtual ~Action() = default;

  [[nodiscard]] virtual cutover::Step step() const = 0;
  /// What run() would do; changes nothing. Throws Error(Refused) for what would keep it from coming to its end, as far as that can be seen.
  [[nodiscard]] virtual cutover::Plan plan() { return {}; }
  /// What take_back() will need. Asked before the first run() of a cutover only: later it would find what the step itself did.
  [[nodiscard]] virtual nlohmann::json remember() { return nlohmann::json::object(); }
  /// Does it, also when it was done before, or to a part. Returns what is to be written down of it. Throws what keeps it.
  virtual nlohmann::json run() = 0;
  /// Puts back what run() changed, also when that was a part only. False: there is nothing of it to put back. Before the point of no return.
  virtual bool take_back() { return false; }
};

}  // namespace agent::steps
