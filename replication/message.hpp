#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/change.hpp"
#include "core/lsn.hpp"
#include "core/relation.hpp"
#include "core/row.hpp"
#include "core/transaction.hpp"

/// The messages of pgoutput, as values. `xid` of a message that can stand in a stream block is the (sub)transaction that made
/// it, and 0 outside of blocks, where the wire does not carry it.
namespace replication {

struct Begin {
  core::CommitLsn final_lsn;  ///< start of the commit record to come
  core::Timestamp commit_time;
  std::uint32_t xid = 0;
};

struct Commit {
  core::CommitLsn commit_lsn;
  core::EndLsn end_lsn;
  core::Timestamp commit_time;
};

/// The transaction came to the source by replication from elsewhere.
struct Origin {
  core::Lsn origin_lsn;
  std::string name;
};

struct RelationDefinition {
  std::uint32_t xid = 0;
  core::Relation relation;
};

/// A type that is not built in. For a domain the name is that of its base type: look types up in the catalog instead.
struct TypeDefinition {
  std::uint32_t xid = 0;
  core::Oid oid;
  core::QualifiedName name;
};

struct InsertRow {
  std::uint32_t xid = 0;
  core::Oid relation;
  core::Row row;
};

struct UpdateRow {
  std::uint32_t xid = 0;
  core::Oid relation;
  std::optional<core::OldRow> old;
  core::Row row;
};

struct DeleteRow {
  std::uint32_t xid = 0;
  core::Oid relation;
  core::OldRow old;
};

struct TruncateTables {
  std::uint32_t xid = 0;
  bool cascade = false;
  bool restart_identity = false;
  std::vector<core::Oid> relations;
};

struct LogicalMessage {
  std::uint32_t xid = 0;
  bool is_transactional = false;
  core::Lsn lsn;
  std::string prefix;
  std::string content;
};

struct StreamStart {
  std::uint32_t xid = 0;
  bool is_first = false;
};

struct StreamStop {};

struct StreamCommit {
  std::uint32_t xid = 0;
  core::CommitLsn commit_lsn;
  core::EndLsn end_lsn;
  core::Timestamp commit_time;
};

struct StreamAbort {
  std::uint32_t xid = 0;
  std::uint32_t subxid = 0;
};

// Two-phase commit is never asked for: these are known so that they are refused by name.

struct BeginPrepare {
  core::Lsn prepare_lsn;
  core::EndLsn end_lsn;
  core::Timestamp prepare_time;
  std::uint32_t xid = 0;
  std::string gid;
};

struct Prepare {
  core::Lsn prepare_lsn;
  core::EndLsn end_lsn;
  core::Timestamp prepare_time;
  std::uint32_t xid = 0;
  std::string gid;
};

struct CommitPrepared {
  core::CommitLsn commit_lsn;
  core::EndLsn end_lsn;
  core::Timestamp commit_time;
  std::uint32_t xid = 0;
  std::string gid;
};

struct RollbackPrepared {
  core::EndLsn prepare_end_lsn;
  core::EndLsn rollback_end_lsn;
  core::Timestamp prepare_time;
  core::Timestamp rollback_time;
  std::uint32_t xid = 0;
  std::string gid;
};

struct StreamPrepare {
  core::Lsn prepare_lsn;
  core::EndLsn end_lsn;
  core::Timestamp prepare_time;
  std::uint32_t xid = 0;
  std::string gid;
};

using Message = std::variant<InsertRow, UpdateRow, DeleteRow, Begin, Commit, Origin, RelationDefinition, TypeDefinition,
                             TruncateTables, LogicalMessage, StreamStart, StreamStop, StreamCommit, StreamAbort,
                             BeginPrepare, Prepare, CommitPrepared, RollbackPrepared, StreamPrepare>;

}  // namespace replication
