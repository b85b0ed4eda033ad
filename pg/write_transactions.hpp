#pragma once

#include <string>
#include <vector>

#include "pg/session.hpp"

namespace pg {

/// The transactions that write on the whole server of `session`, in any of its databases, but its own: pid, role, application, database, since when; prepared ones by
/// their number. The oldest first. The creation of a logical slot waits for each of them. Those of other roles are hidden from a role without pg_read_all_stats.
[[nodiscard]] std::vector<std::string> write_transactions(Session& session);

}  // namespace pg
