#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "apply/batch.hpp"
#include "apply/decider.hpp"
#include "apply/judge.hpp"
#include "apply/ledger.hpp"
#include "apply/quarantine.hpp"
#include "apply/target_session.hpp"
#include "apply/writer.hpp"
#include "apply/writer_fence.hpp"
#include "core/transaction.hpp"
#include "mapping/plan.hpp"
#include "state/store.hpp"

namespace apply {

class HeldAside;

/// When so many rows of a table are refused that the mapping must be wrong, not the data.
struct QuarantineLimit {
  double share = 0.005;          ///< of the table's rows …
  std::int64_t from_rows = 200;  ///< … once it has that many
};

/// The writer of rows: takes changes, brings the target and (after the target's commit) the local state to what they mean.
///
///   apply / apply_rows / derive_rows …   everything inside one open target transaction
///   commit_target                        the data, the ledger and the checkpoint become durable together
///   commit_state                         local state follows
///
/// The order of these two, and what follows them, stands in agent/pipeline. Errors: Error(Target), transient: roll back with abandon(), reconnect,
/// do it again; Error(Refused): stop. Rows that the target refuses do not throw: they are quarantined. One thread.
class Applier {
 public:
  struct Options {
    std::string purpose;
    QuarantineLimit limit;
    /// What a transaction may take of memory for its rows, and once more for those to write, before they go to the local state (state::Overlay)
    /// and to the target ahead of its end. 0: only to the target, as it must be while others write to the local state too.
    std::size_t memory_bytes = 0;
    /// The agent's run. With it, the session's name is one that only this applier bears, so that a session of that name is what a
    /// lost connection left behind, and is ended.
    std::string run = {};
    Writers writers = Writers::One;
  };
  Applier(pg::ConnectionParams target, const mapping::Plan& plan, state::Store& store, const Ledger& ledger,
          Options options);

  /// Opens the target transaction, unless it is open. Returns the checkpoint that it locked; nothing when there is none.
  std::optional<core::Lsn> open();
  /// Applies these parts in source order. If the last one does not end its transaction, the target transaction stays open for the next call.
  void apply(std::span<const core::TransactionPart> parts);
  /// The same for local state only: the target holds these transactions already.
  void catch_up(std::span<const core::TransactionPart> parts, const QuarantinedRows& refused);

  /// Rows of a snapshot chunk: stores the images and derives the rows on every route, whatever was there.
  void apply_rows(core::TableId table, std::vector<std::pair<core::RowKey, core::Row>> rows);
  /// Stores images without deriving (joined tables come before everything else). Local state only.
  void load_rows(core::TableId table, std::vector<std::pair<core::RowKey, core::Row>> rows);
  /// Stores images in place of older ones, and derives again who has been derived from those.
  void reload_rows(core::TableId table, std::vector<std::pair<core::RowKey, core::Row>> rows);
  /// Derives stored rows again on every route of their table.
  void derive_rows(core::TableId table, std::span<const core::RowKey> keys);
  /// Rows that a chunk no longer holds.
  void erase_rows(core::TableId table, std::span<const core::RowKey> keys);
  /// A source row as it is now; no image: it is not there.
  struct SourceRow {
    core::TableId table;
    core::RowKey key;
    std::optional<core::Row> image;
    bool is_derived = true;  ///< derived again in any case, else only if it is another than was stored
  };
  /// Rows that were read anew: stores what they are, and derives them again on every route, quarantined ones included; others that see or
  /// refer to what thereby changes as well. Nothing goes from the target. Precondition: they are as of the position that everything else is at.
  void renew_rows(std::span<const SourceRow> rows);
  /// A row of a route's target table, and the source row that it was made of.
  struct TargetRow {
    core::RowKey key;
    core::RowKey target_key;
  };
  /// Removes target rows that the source no longer means; those that it means again stay. Returns how many the target does not let go.
  std::size_t remove_target_rows(const mapping::Route& route, std::span<const TargetRow> rows);
  /// How many target rows could not be removed, by route, as of the last commit. Thread-safe.
  [[nodiscard]] std::vector<std::int64_t> unremoved() const;
  /// Reads how much the ledger's quarantine holds; to be called when somebody else has changed it.
  void know_quarantine();
  /// Derives these rows again on one route, quarantined ones included.
  void retry_rows(const mapping::Route& route, std::span<const core::RowKey> keys);

  /// Writes ledger and, if given, the checkpoint, and commits. Throws Error(InDoubt) when the connection was lost at COMMIT.
  void commit_target(std::optional<core::Lsn> applied);
  /// After commit_target: the local state follows. `sync` as for state::Overlay::commit.
  void commit_state(const std::optional<state::Progress>& progress, const std::optional<state::Chunk>& chunk,
                    state::Overlay::Sync sync);
  /// Rolls back whatever is open, on both sides.
  void abandon();
  /// Replaces a broken session. Throws Error(Target), transient when it may work later.
  void reconnect();

  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] TargetSession& session() { return *session_; }
  [[nodiscard]] state::Overlay& overlay() { return overlay_; }
  /// Which routes the limit on refused rows is judged for: those of which the open batch refuses rows, or all of them.
  enum class Judged : std::uint8_t { Changes, Everything };
  /// Throws Error(Refused) when too many rows of a route are refused. Applying does it by itself, but while rows of several snapshots meet.
  void check_limit(Judged judged) const;

  [[nodiscard]] const WriteCounts& counts() const { return counts_; }
  /// The same of the open transaction alone, which counts() has once it is committed.
  [[nodiscard]] const WriteCounts& open_counts() const { return writer_->counts(); }
  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }
  /// While rows of several snapshots meet, a refusal may be due to that alone: refused rows are tried again with every change, and however
  /// many they are, that does not stop the agent.
  void set_mixed(bool is_mixed) { is_mixed_ = is_mixed; }
  /// Tables whose rows the snapshot derives later anyway; nothing is derived again there until then.
  void set_comes_later(std::function<bool(core::TableId)> comes_later) { comes_later_ = std::move(comes_later); }
  /// Before commit_target, where a crash between the two commits would not be healed by a replay (snapshot, retry): names what the target
  /// is about to hold of rows that will not be worked on again. Forgotten by commit_state.
  void name_reached();
  /// Derives again what a crash left named, and commits. Precondition: nothing is open.
  void derive_reached();
  /// How many rows a table will have when its snapshot is done, so that the limit on refused rows is judged by the whole.
  void expect_rows(core::TableId table, std::int64_t rows);

 private:
  /// Puts work into batch and decider; called again when the first way fails.
  using Fill = std::function<void(Batch& batch, Decider& decider)>;
  /// What a failed attempt is taken back to, on both sides.
  struct Saved {
    state::Overlay::Mark overlay;
    QuarantineChanges quarantine;
    Decider::MappingChanges mapping_changes;
    Decider::Waiting waiting;
  };
  [[nodiscard]] Saved save();
  void restore(const Saved& saved);
  void attempt(const Fill& fill, const Decider::Options& options, std::span<const core::TransactionPart> ordered);
  /// The same, however many rows are refused.
  void attempt_unlimited(const Fill& fill, Decider::Options options, std::span<const core::TransactionPart> ordered);
  void run(const Fill& fill, const Decider::Options& options);
  void settle(Batch& batch);
  void make_room();
  void write_ledger();
  void replay_changes(const core::TransactionPart& part, Decider::Options options);
  void replay_in_order(std::span<const core::TransactionPart> parts, const Decider::Options& options);
  /// False, with nothing done, when that refused rows which may only have met, at one moment, what others had at another.
  [[nodiscard]] bool run_isolating(const Fill& fill, Decider::Options options);
  /// Whether rows are refused or stay, and did not before, for what others had at that moment.
  [[nodiscard]] bool has_met(const QuarantineChanges& before) const;
  void settle_waiting();
  /// Decides and writes these rows.
  void try_again(std::span<const RouteRow> rows, bool lets_wait);
  /// Removes what the target has not let go in the open transaction, as far as it does by now.
  void remove_again();
  void try_in_place();
  [[nodiscard]] std::vector<RouteRow> latest_waiting();
  /// False: not all of them can be taken out and put back without a trace.
  [[nodiscard]] bool take_out(HeldAside& held, std::span<const RouteRow> rows);
  /// Who is refused even when all of these are out of each other's way. Nothing is done.
  [[nodiscard]] std::vector<RouteRow> refused_in_any_order(std::span<const RouteRow> rows);
  void know_unremoved(std::vector<std::int64_t> counts);
  void forget_batch();

  pg::ConnectionParams target_;
  const mapping::Plan& plan_;
  state::Store& store_;
  const Ledger& ledger_;
  Options options_;

  std::unique_ptr<TargetSession> session_;
  state::Overlay overlay_;
  Projections projections_;
  Judge judge_;
  QuarantineChanges quarantine_;
  std::unique_ptr<Decider> decider_;
  std::unique_ptr<Writer> writer_;
  Decider::Options running_;                 // of run()
  std::vector<std::int64_t> expected_rows_;  // by TableId
  std::function<bool(core::TableId)> comes_later_;
  std::vector<std::uint64_t> named_;  // sets of reached rows, to be forgotten once local state has followed

  bool is_mixed_ = false;
  bool is_open_ = false;
  std::optional<core::Lsn> checkpoint_;  // as the open transaction found it
  core::Lsn last_lsn_;
  WriteCounts counts_;
  std::uint64_t skipped_ = 0;

  // Protected by mutex_.
  mutable std::mutex mutex_;
  std::vector<std::int64_t> unremoved_;
};

}  // namespace apply
