#include "replication/assembler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "replication/decoder.hpp"

namespace replication {

namespace {

/// How much of a held transaction is read back at a time.
constexpr std::size_t kReadBytes = std::size_t{1} << 20U;

core::Error misplaced(std::string what) { return core::Error{core::ErrorKind::Protocol, std::move(what)}; }

template <typename Kind>
constexpr bool kIsTwoPhase =
    std::is_same_v<Kind, BeginPrepare> || std::is_same_v<Kind, Prepare> || std::is_same_v<Kind, CommitPrepared> ||
    std::is_same_v<Kind, RollbackPrepared> || std::is_same_v<Kind, StreamPrepare>;

template <typename Kind>
constexpr bool kIsData = std::is_same_v<Kind, InsertRow> || std::is_same_v<Kind, UpdateRow> ||
                         std::is_same_v<Kind, DeleteRow> || std::is_same_v<Kind, TruncateTables>;

}  // namespace

Assembler::Assembler(core::HeldTransactions& held, core::Lsn applied, PartLimits limits)
    : held_(held), applied_(applied), limits_(limits) {
  held_.drop_all();
}

void Assembler::feed(std::string_view payload) {
  if (ready_ || replay_)
    throw core::Error{core::ErrorKind::Bug, "the stream is fed while a transaction waits to be taken"};
  if (block_) {
    feed_block(payload);
  } else {
    feed_plain(payload);
  }
  ++arrivals_;
}

std::optional<core::TransactionPart> Assembler::next() {
  if (replay_) return replay_next();
  return std::exchange(ready_, std::nullopt);
}

void Assembler::feed_plain(std::string_view payload) {
  const auto relation_of = [this](core::Oid oid) -> const auto& { return relations_.find(oid); };
  std::visit(
      [&](auto&& message) {
        using Kind = std::decay_t<decltype(message)>;
        if constexpr (kIsData<Kind>) {
          require_open("a change");
          if (open_->is_skipped) return;
          add(std::forward<decltype(message)>(message), relation_of);
          if (is_part_full()) ready_ = take_part();
        } else if constexpr (std::is_same_v<Kind, Begin>) {
          begin(message);
        } else if constexpr (std::is_same_v<Kind, Commit>) {
          commit(message);
        } else if constexpr (std::is_same_v<Kind, Origin>) {
          require_open("an origin");
          open_->origin = std::move(message.name);
        } else if constexpr (std::is_same_v<Kind, RelationDefinition>) {
          require_open("a relation");
          relations_.remember(std::move(message.relation), arrivals_);
        } else if constexpr (std::is_same_v<Kind, TypeDefinition>) {
          // Its content is not used: for a domain it names the base type.
          require_open("a type");
        } else if constexpr (std::is_same_v<Kind, LogicalMessage>) {
          if (message.is_transactional) require_open("a transactional message");
          if (open_ && open_->is_skipped) return;
          add_message(std::forward<decltype(message)>(message));
          if (open_ && is_part_full()) ready_ = take_part();
        } else if constexpr (std::is_same_v<Kind, StreamStart>) {
          stream_start(message);
        } else if constexpr (std::is_same_v<Kind, StreamStop>) {
          throw misplaced("a stream block ends that was not begun");
        } else if constexpr (std::is_same_v<Kind, StreamCommit>) {
          stream_commit(message);
        } else if constexpr (std::is_same_v<Kind, StreamAbort>) {
          stream_abort(message);
        } else {
          static_assert(kIsTwoPhase<Kind>);
          throw misplaced("the source sent a message of two-phase commit, which was not asked for")
              .with("xid", fmt::to_string(message.xid));
        }
      },
      decode(payload, Framing::Plain));
}

void Assembler::feed_block(std::string_view payload) {
  const std::uint32_t top = *block_;
  switch (message_type(payload)) {
    // Kept as they came, and read when the transaction commits: most bytes of a transaction that is rolled back need no look.
    case 'I':
    case 'U':
    case 'D':
    case 'T':
    case 'M': held_.append(top, block_xid(payload), arrivals_, payload); break;
    case 'R': {
      core::Relation relation = std::get<RelationDefinition>(decode(payload, Framing::InBlock)).relation;
      RelationHistory& history = streamed_[top].relations;
      const auto& latest = history.latest(relation.oid);
      history.remember(latest && *latest == relation ? latest : relations_.share(std::move(relation)), arrivals_);
      break;
    }
    case 'Y': static_cast<void>(decode(payload, Framing::InBlock)); break;
    case 'O': streamed_[top].origin = std::get<Origin>(decode(payload, Framing::InBlock)).name; break;
    case 'E':
      static_cast<void>(decode(payload, Framing::InBlock));
      block_.reset();
      break;
    default:
      // Bytes that are no message at all are told apart from a message that does not belong here.
      static_cast<void>(decode(payload, Framing::InBlock));
      throw misplaced("a message may not stand inside a stream block")
          .with("type", std::string(1, message_type(payload)))
          .with("xid", fmt::to_string(top));
  }
}

void Assembler::begin(const Begin& message) {
  require_outside("a transaction begins");
  if (message.final_lsn <= last_commit_) {
    throw misplaced("transactions do not arrive in commit order")
        .with("xid", fmt::to_string(message.xid))
        .with("previous", last_commit_.lsn.to_string())
        .with("lsn", message.final_lsn.lsn.to_string());
  }
  open_ = Open{message.xid, message.final_lsn, message.commit_time, core::contains(applied_, message.final_lsn)};
  start_part(message.xid, message.final_lsn, message.commit_time);
}

void Assembler::commit(const Commit& message) {
  require_open("a commit");
  if (message.commit_lsn != open_->commit_lsn) {
    throw misplaced("a transaction ends elsewhere than its begin said")
        .with("xid", fmt::to_string(open_->xid))
        .with("begin", open_->commit_lsn.lsn.to_string())
        .with("commit", message.commit_lsn.lsn.to_string());
  }
  advance_commit_order(message.commit_lsn, message.end_lsn);
  if (open_->is_skipped) {
    ++counters_.skipped_transactions;
  } else {
    ready_ = take_last_part(message.end_lsn, open_->origin);
  }
  open_.reset();
}

void Assembler::add_message(LogicalMessage message) {
  if (!message.is_transactional) {
    // Not ordered with commits and sent even for transactions that are rolled back: it means nothing to anybody here.
    ++counters_.stray_messages;
    return;
  }
  part_bytes_ += message.prefix.size() + message.content.size();
  part_.messages.push_back({std::move(message.prefix), std::move(message.content)});
}

void Assembler::stream_start(const StreamStart& message) {
  require_outside("a stream block begins");
  const bool is_known = streamed_.contains(message.xid);
  if (!message.is_first && !is_known) {
    throw misplaced("a stream block goes on with a transaction that is not known")
        .with("xid", fmt::to_string(message.xid));
  }
  if (message.is_first) {
    held_.drop(message.xid);
    std::erase_if(committed_, [&](const Committed& committed) { return committed.xid == message.xid; });
    streamed_[message.xid] = Streamed{};
  }
  block_ = message.xid;
}

void Assembler::stream_commit(const StreamCommit& message) {
  require_outside("a streamed transaction commits");
  const auto found = streamed_.find(message.xid);
  if (found == streamed_.end()) {
    throw misplaced("a streamed transaction commits of which nothing came").with("xid", fmt::to_string(message.xid));
  }
  const bool is_skipped = core::contains(applied_, message.commit_lsn);
  FAILPOINT("at_stream_commit");
  // First what may fail and be repeated.
  if (is_skipped) held_.drop(message.xid);
  advance_commit_order(message.commit_lsn, message.end_lsn);
  if (is_skipped) {
    relations_.adopt(found->second.relations);
    ++counters_.skipped_transactions;
  } else {
    replay_ = Replay{message.xid, message.end_lsn, std::move(found->second), {}, 0, 0};
    start_part(message.xid, message.commit_lsn, message.commit_time);
  }
  streamed_.erase(found);
}

void Assembler::stream_abort(const StreamAbort& message) {
  require_outside("a streamed transaction is rolled back");
  const auto found = streamed_.find(message.xid);
  if (found == streamed_.end()) {
    ++counters_.stray_aborts;
    return;
  }
  FAILPOINT("at_stream_abort");
  if (message.subxid != message.xid) {
    held_.discard_subtransaction(message.xid, message.subxid);
    return;
  }
  held_.drop(message.xid);
  streamed_.erase(found);
  ++counters_.aborted_transactions;
}

void Assembler::require_open(std::string_view what) const {
  if (!open_) throw misplaced(fmt::format("{} stands outside of a transaction", what));
}

void Assembler::require_outside(std::string_view what) const {
  if (open_) throw misplaced(fmt::format("{} inside of another", what)).with("xid", fmt::to_string(open_->xid));
}

void Assembler::advance_commit_order(core::CommitLsn commit, core::EndLsn end) {
  if (commit <= last_commit_) {
    throw misplaced("commits do not arrive in their order")
        .with("previous", last_commit_.lsn.to_string())
        .with("lsn", commit.lsn.to_string());
  }
  if (end.lsn <= commit.lsn) {
    throw misplaced("a commit ends before it begins")
        .with("lsn", commit.lsn.to_string())
        .with("end", end.lsn.to_string());
  }
  last_commit_ = commit;
}

template <typename Data, typename RelationOf>
void Assembler::add(Data data, const RelationOf& relation_of) {
  if constexpr (std::is_same_v<Data, InsertRow>) {
    add_change(relation_of(data.relation), data.relation, {nullptr, core::Insert{std::move(data.row)}});
  } else if constexpr (std::is_same_v<Data, UpdateRow>) {
    add_change(relation_of(data.relation), data.relation,
               {nullptr, core::Update{std::move(data.old), std::move(data.row)}});
  } else if constexpr (std::is_same_v<Data, DeleteRow>) {
    add_change(relation_of(data.relation), data.relation, {nullptr, core::Delete{std::move(data.old)}});
  } else {
    static_assert(std::is_same_v<Data, TruncateTables>);
    for (const core::Oid oid : data.relations) {
      add_change(relation_of(oid), oid, {nullptr, core::Truncate{data.cascade}});
    }
  }
}

void Assembler::add_change(const std::shared_ptr<const core::Relation>& relation, core::Oid oid, core::Change change) {
  if (!relation)
    throw misplaced("a change is of a relation that was not described").with("oid", fmt::to_string(oid.value));
  const auto require_width = [&](const core::Row& row) {
    if (row.size() == relation->columns.size()) return;
    throw misplaced("a row does not have the columns of its relation")
        .with("table", relation->name.display())
        .with("columns", fmt::to_string(relation->columns.size()))
        .with("values", fmt::to_string(row.size()));
  };
  if (const auto* insert = std::get_if<core::Insert>(&change.what)) {
    require_width(insert->row);
  } else if (const auto* update = std::get_if<core::Update>(&change.what)) {
    require_width(update->row);
    if (update->old) require_width(update->old->row);
  } else if (const auto* removal = std::get_if<core::Delete>(&change.what)) {
    require_width(removal->old.row);
  }
  change.relation = relation;
  part_bytes_ += change.bytes();
  part_.changes.push_back(std::move(change));
}

void Assembler::start_part(std::uint32_t xid, core::CommitLsn commit, core::Timestamp time) {
  part_ = core::TransactionPart{};
  part_.xid = xid;
  part_.commit_lsn = commit;
  part_.commit_time = time;
  part_bytes_ = 0;
}

core::TransactionPart Assembler::take_part() {
  core::TransactionPart part = std::move(part_);
  start_part(part.xid, part.commit_lsn, part.commit_time);
  part_.is_first = false;
  part.is_last = false;
  counters_.changes += part.changes.size();
  return part;
}

core::TransactionPart Assembler::take_last_part(core::EndLsn end, const std::string& origin) {
  core::TransactionPart part = take_part();
  part.is_last = true;
  part.end_lsn = end;
  ++counters_.transactions;
  if (!origin.empty()) ++counters_.origins[origin];
  return part;
}

core::TransactionPart Assembler::replay_next() {
  Replay& replay = *replay_;
  while (!is_part_full()) {
    if (replay.next_in_chunk == replay.chunk.size()) {
      FAILPOINT("in_held_replay");
      replay.chunk = held_.read(replay.xid, replay.next_sequence, kReadBytes);
      replay.next_in_chunk = 0;
      if (replay.chunk.empty()) {
        relations_.adopt(replay.streamed.relations);
        committed_.push_back({replay.xid, replay.end_lsn});
        ++counters_.streamed_transactions;
        const Replay done = *std::exchange(replay_, std::nullopt);
        return take_last_part(done.end_lsn, done.streamed.origin);
      }
    }
    const core::HeldMessage& held = replay.chunk[replay.next_in_chunk++];
    replay.next_sequence = held.sequence + 1;
    const auto relation_of = [&](core::Oid oid) -> const auto& {
      return replay.streamed.relations.find(oid, held.sequence);
    };
    std::visit(
        [&](auto&& message) {
          using Kind = std::decay_t<decltype(message)>;
          if constexpr (kIsData<Kind>) {
            add(std::forward<decltype(message)>(message), relation_of);
          } else if constexpr (std::is_same_v<Kind, LogicalMessage>) {
            add_message(std::forward<decltype(message)>(message));
          } else {
            throw core::Error{core::ErrorKind::Bug, "a held message is neither a change nor a logical message"};
          }
        },
        decode(held.bytes, Framing::InBlock));
  }
  return take_part();
}

void Assembler::release_applied(core::Lsn applied) {
  while (!committed_.empty() && committed_.front().end_lsn.lsn <= applied) {
    FAILPOINT("before_held_dropped");
    held_.drop(committed_.front().xid);
    committed_.pop_front();
  }
}

}  // namespace replication
