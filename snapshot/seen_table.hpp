#pragma once

#include "core/relation.hpp"
#include "pg/session.hpp"

namespace snapshot {

/// Makes sure that the session's snapshot saw the table at all. Throws a transient Error(Source) when the table was rewritten or dropped since the
/// snapshot was taken: what writes a table anew (TRUNCATE, most ALTER TABLE … TYPE) leaves nothing to older snapshots (PostgreSQL, "Caveats" of
/// MVCC), so an empty answer proves nothing. To be asked after reading, while the lock of the reading is held.
void require_seen(pg::Session& session, const core::QualifiedName& table);

}  // namespace snapshot
