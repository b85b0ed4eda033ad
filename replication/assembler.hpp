#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/held_transactions.hpp"
#include "core/lsn.hpp"
#include "core/transaction.hpp"
#include "replication/message.hpp"
#include "replication/relation_cache.hpp"
#include "replication/relation_history.hpp"

namespace replication {

/// How large a piece of a transaction may get before it is handed on. Whichever is reached first; the rows of one TRUNCATE
/// statement stay together.
struct PartLimits {
  std::size_t changes = 10'000;
  std::size_t bytes = std::size_t{8} << 20U;
};

/// What an assembler has seen, for metrics and logs.
struct AssemblerCounters {
  std::uint64_t transactions = 0;           ///< committed and handed on
  std::uint64_t streamed_transactions = 0;  ///< of these: sent before their commit
  std::uint64_t changes = 0;                ///< handed on
  std::uint64_t skipped_transactions = 0;   ///< contained in the checkpoint already
  std::uint64_t aborted_transactions = 0;   ///< streamed, then rolled back
  std::uint64_t stray_aborts = 0;           ///< aborts of something never seen: harmless
  std::uint64_t stray_messages = 0;         ///< logical messages outside of transactions: ignored
  std::map<std::string, std::uint64_t> origins =
      {};  ///< transactions that came to the source by replication, by origin
  friend bool operator==(const AssemblerCounters&, const AssemblerCounters&) = default;
};

/// Puts the messages of one stream session together to committed transactions, in commit order, in bounded pieces. Pure: bytes
/// in, values out. An ordinary transaction (B … C) is handed on while it arrives; a streamed one (S … E blocks) waits in
/// `held` until its commit and is read back from there.
///
/// Use: feed() one payload, then next() until it gives nothing; only then feed() again. One object per session: after a lost
/// connection start with a new one.
class Assembler {
 public:
  /// Drops what `held` has of an earlier session: the source sends unfinished transactions again, whole. Transactions with
  /// `commit_lsn < applied` are swallowed. `held` outlives this object.
  Assembler(core::HeldTransactions& held, core::Lsn applied, PartLimits limits = {});

  /// Takes in the payload of one XLogData frame. Throws Error(Protocol) when it makes no sense here; the session is over then.
  /// Throws what `held` throws; when that is transient, the same payload may be fed again. Precondition: next() gave nothing.
  void feed(std::string_view payload);

  /// The next piece that is complete. Throws Error(Protocol) and what `held` throws.
  [[nodiscard]] std::optional<core::TransactionPart> next();

  /// Deletes held transactions that were handed on once they are in the target: until then they could be read again.
  void release_applied(core::Lsn applied);

  /// No transaction is under way: neither between B and C, nor being read back, nor waiting for next(). Held blocks of
  /// transactions without commit do not count.
  [[nodiscard]] bool is_idle() const { return !open_ && !replay_ && !ready_; }

  [[nodiscard]] const AssemblerCounters& counters() const { return counters_; }

 private:
  /// An ordinary transaction between B and C.
  struct Open {
    std::uint32_t xid = 0;
    core::CommitLsn commit_lsn;
    core::Timestamp commit_time;
    bool is_skipped = false;
    std::string origin = {};  ///< empty: made on the source itself
  };
  /// A streamed transaction without its end.
  struct Streamed {
    RelationHistory relations = {};
    std::string origin = {};
  };
  /// A streamed transaction that committed, while it is read back.
  struct Replay {
    std::uint32_t xid = 0;
    core::EndLsn end_lsn;
    Streamed streamed;
    std::vector<core::HeldMessage> chunk;
    std::size_t next_in_chunk = 0;
    std::uint64_t next_sequence = 0;
  };
  struct Committed {
    std::uint32_t xid = 0;
    core::EndLsn end_lsn;
  };

  void feed_plain(std::string_view payload);
  void feed_block(std::string_view payload);
  void begin(const Begin& message);
  void commit(const Commit& message);
  void stream_start(const StreamStart& message);
  void stream_commit(const StreamCommit& message);
  void stream_abort(const StreamAbort& message);
  void require_open(std::string_view what) const;
  void require_outside(std::string_view what) const;
  void advance_commit_order(core::CommitLsn commit, core::EndLsn end);

  /// Adds a change to the part under construction; `relation_of` finds the description of an oid.
  template <typename Data, typename RelationOf>
  void add(Data data, const RelationOf& relation_of);
  void add_message(LogicalMessage message);
  void add_change(const std::shared_ptr<const core::Relation>& relation, core::Oid oid, core::Change change);
  [[nodiscard]] bool is_part_full() const {
    return part_.changes.size() >= limits_.changes || part_bytes_ >= limits_.bytes;
  }
  void start_part(std::uint32_t xid, core::CommitLsn commit, core::Timestamp time);
  [[nodiscard]] core::TransactionPart take_part();
  [[nodiscard]] core::TransactionPart take_last_part(core::EndLsn end, const std::string& origin);
  [[nodiscard]] core::TransactionPart replay_next();

  core::HeldTransactions& held_;
  const core::Lsn applied_;
  const PartLimits limits_;

  RelationCache relations_;
  std::uint64_t arrivals_ = 0;  ///< numbers the payloads of the session; also the sequence of held messages
  core::CommitLsn last_commit_;

  std::optional<Open> open_;
  std::optional<std::uint32_t> block_;  ///< top transaction of the block that is open
  std::map<std::uint32_t, Streamed> streamed_;
  std::optional<Replay> replay_;
  std::deque<Committed> committed_;  ///< handed on, still held

  core::TransactionPart part_;  ///< under construction
  std::size_t part_bytes_ = 0;
  std::optional<core::TransactionPart> ready_;

  AssemblerCounters counters_;
};

}  // namespace replication
