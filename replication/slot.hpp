#pragma once

#include <optional>
#include <string>

#include "core/error.hpp"
#include "core/lsn.hpp"
#include "pg/session.hpp"
#include "replication/slot_health.hpp"

namespace replication {

/// What a slot must be for the stream to go on from a checkpoint.
struct SlotNeed {
  std::string name;
  std::string database;
  core::Lsn applied;  ///< the checkpoint that the stream is to go on from
};

/// What to do when changes are missing, or may be: the steps of "Copy anew" in docs/checkpoint-decisions.md, as a sentence.
[[nodiscard]] std::string copy_anew(const std::string& slot);

/// Throws unless the stream can start: Error(Refused) when the slot is missing, lost, physical, temporary, of another plugin or
/// database, ahead of the checkpoint (somebody else consumed it: changes are missing), or when the server's log ends before the
/// checkpoint (it was set back); slot_in_use() when another connection holds it. Each names both values and the remedy.
void require_usable(const std::optional<SlotHealth>& health, const SlotNeed& need);

/// Error(State), transient: another connection holds the slot, which may be an orphan of our own that the server has not yet
/// noticed to be dead. `holder` when known.
[[nodiscard]] core::Error slot_in_use(const std::string& slot, std::optional<std::int32_t> holder);

/// Ends the connection that holds the slot if it is one of `application_name`, which only the caller's own connections bear: the
/// left-over of a link that broke without the server noticing. True when it was told to end.
bool end_orphan(pg::Session& session, const std::string& slot, std::string_view application_name);

/// Creates a persistent slot with plugin pgoutput and returns its consistent point. There is no snapshot that belongs to it:
/// where a copy is to match, use pg::ExportedSnapshot.
core::Lsn create_slot(pg::Session& session, const std::string& slot);

/// Drops the slot if it exists; false when there was none. Throws slot_in_use() while somebody reads from it.
bool drop_slot(pg::Session& session, const std::string& slot);

}  // namespace replication
