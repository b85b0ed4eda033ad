#pragma once

#include "agent/environment.hpp"
#include "pg/session.hpp"
#include "state/store.hpp"

namespace agent {

/// Throws Error(Refused), naming entity and keys, when an `adopt:` query now gives another id to a key whose row is in the target already:
/// adopting it would tear the row from everything that refers to it. Reads only.
void refuse_conflicting_adoption(const Environment& environment, const state::Store& store, pg::Session& target);

}  // namespace agent
