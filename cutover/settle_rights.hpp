#pragma once

#include <string>
#include <vector>

#include "core/relation.hpp"
#include "cutover/sequence.hpp"
#include "pg/session.hpp"

namespace cutover {

/// What the session's role may not do of what makes a table ready for writers of its own. Names are for people.
struct SettleRights {
  std::vector<std::string>
      missing;  ///< `SELECT and UPDATE on sequence public.s`, `ownership of table orders`; without them it fails
  bool may_analyze = true;
};

/// Asks for the sequences that are to be moved and, with `alters`, for constraints and triggers of the table. Throws as Session::exec does.
[[nodiscard]] SettleRights settle_rights(pg::Session& target, const core::QualifiedName& table,
                                         const std::vector<Sequence>& sequences, bool alters);

}  // namespace cutover
