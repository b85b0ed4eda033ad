#pragma once

#include <cstdint>
#include <string_view>

#include "agent/environment.hpp"
#include "apply/ledger.hpp"
#include "pg/session.hpp"
#include "state/store.hpp"

namespace agent {

/// Runs the `adopt:` queries on the target and takes over the ids that earlier migrations gave, in local state and ledger. Ids that
/// minting would give anyway are not adopted. An id in the ledger stays, whatever the query says later. Repeatable. New ones leave a line of
/// `command` in audit_log.
void adopt_ids(const Environment& environment, state::Store& store, const apply::Ledger& ledger,
               std::string_view command);

/// Puts right what local state has of adopted ids where the ledger has them otherwise. `target` is a session on the target. Precondition: nothing is
/// being derived.
void restore_adopted_ids(const Environment& environment, state::Store& store, const apply::Ledger& ledger,
                         pg::Session& target);

/// Whether some target table of the plan holds rows already.
[[nodiscard]] bool target_has_rows(const Environment& environment);

/// After a complete snapshot: removes target rows that the id map knows but whose source row is gone (per on_delete). Returns how many.
/// Rows that the map does not know are not touched.
std::uint64_t remove_strays(const Environment& environment, state::Store& store, const apply::Ledger& ledger);

}  // namespace agent
