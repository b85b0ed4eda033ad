#pragma once

#include <vector>

#include "agent/steps/cleanup.hpp"
#include "agent/steps/drain.hpp"
#include "agent/steps/fence.hpp"
#include "agent/steps/mappings.hpp"
#include "agent/steps/release.hpp"
#include "agent/steps/settle.hpp"
#include "agent/steps/validate.hpp"

namespace agent::steps {

/// What the steps between `check` and `report` do. Here a step gets its place.
struct Sequence {
  explicit Sequence(Site& site)
      : fence(site),
        drain(site, fence),
        validate(site),
        settle(site),
        mappings(site),
        cleanup(site),
        release(site, fence) {}

  [[nodiscard]] std::vector<Action*> in_order() {
    return {&fence, &drain, &validate, &settle, &mappings, &cleanup, &release};
  }

  Fence fence;
  Drain drain;
  Validate validate;
  Settle settle;
  Mappings mappings;
  Cleanup cleanup;
  Release release;
};

}  // namespace agent::steps
