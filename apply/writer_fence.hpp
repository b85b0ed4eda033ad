#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "apply/ledger.hpp"
#include "core/lsn.hpp"
#include "pg/session.hpp"

namespace apply {

/// Who may write beside the transaction that begins.
enum class Writers : std::uint8_t {
  One,      ///< nobody: the stream, and everything that is done while it rests
  Several,  ///< other workers of the same snapshot
};

// A connection that breaks leaves its transaction on the server: open, or with its COMMIT still under way. Such a COMMIT must not
// arrive when somebody else has already gone on from the state before it. Therefore every transaction that writes first locks the
// checkpoint row, and waits there until whoever came before is through; and who takes up a broken session's work ends that session
// first, so that the wait is short.

/// Opens a transaction in which rows may be written; returns the checkpoint as it is from now on until its end, nothing when there
/// is none. Throws Error(Target), transient, when another writer does not give way within lock_timeout, and Error(Refused) when another
/// process has taken the checkpoint from the one that `ledger` is held by.
std::optional<core::Lsn> begin_writing(pg::Session& session, const Ledger& ledger, Writers writers);

/// Takes the checkpoint for `owner`, which is this process, once the transactions that write under it are through: those of whoever had it before write no more.
/// `seen` is the row as it was looked at. Throws Error(Refused) when it is not the same any more, and as begin_writing() does.
void take_over(pg::Session& session, Ledger& ledger, const SlotOwner& owner, const Checkpoint& seen);

/// The sessions on the target that bear this run's name, each with what is known of it; empty: none, or they cannot be seen.
[[nodiscard]] std::string sessions_of(pg::Session& session, std::string_view run);

/// Ends sessions that earlier connections of this agent left behind on the target: `name` is their application_name, or what it
/// ends with. Never this session. They are gone when begin_writing() gets through.
void end_left_overs(pg::Session& session, std::string_view name);

/// After a fault, before somebody goes on: when it returns, no transaction of an earlier connection is under way, and none will
/// commit any more. Returns the checkpoint. `run` is the agent's, as its sessions' names end with it.
std::optional<core::Lsn> settle_writers(pg::Session& session, const Ledger& ledger, std::string_view run);

}  // namespace apply
