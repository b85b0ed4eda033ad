#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "apply/batch.hpp"
#include "apply/judge.hpp"
#include "apply/quarantine.hpp"
#include "apply/target_key_changes.hpp"
#include "apply/target_session.hpp"
#include "mapping/derive.hpp"
#include "mapping/plan.hpp"
#include "state/overlay.hpp"

namespace apply {

/// What is to be written for one row on one route.
struct PendingRow {
  std::optional<mapping::Derivation> upsert;
  /// Keys of target rows to remove: the id, or the conflict columns of a route without one (encoded as one key of texts).
  std::set<core::RowKey> removals;
};

/// Everything still to be written, per route, in key order.
using PendingWrites = std::map<core::RouteId, std::map<core::RowKey, PendingRow>>;

/// Decides what becomes of rows: derives them, settles each one's status, and finds what else that changes (a parent that came or went, a
/// joined row that is seen differently) until nothing is left to decide. Writes nothing; the outcome is the overlay's statuses and `pending`.
///
/// Statuses are set as if every write will succeed; a row that the target then refuses comes back through refuse(), and whoever depended on
/// it is decided again.
class Decider {
 public:
  struct Options {
    /// Errors of single rows are isolated under savepoints instead of thrown.
    bool is_careful = false;
    /// A row that the target refuses for what others have at that moment waits instead of being quarantined; see waiting().
    bool lets_wait = false;
    /// Quarantined rows are tried again (retry, or a new snapshot).
    bool retries_quarantined = false;
    /// Touched rows that no route has derived yet are left to whoever will (the snapshot).
    bool leaves_underived = false;
    /// Tables whose rows the snapshot derives later anyway, so that nothing has to be derived again there now. Null: none.
    const std::function<bool(core::TableId)>* comes_later = nullptr;
    /// Rows that were reached are remembered for reached().
    bool remembers_reached = true;
    /// Nothing goes from the target: what is not meant (any more) stays there, and known to the ledger, until somebody removes it by name.
    bool leaves_target_rows = false;
    /// Nothing will be written: local state is being brought to what the target already holds. Refused rows are those of the ledger.
    const QuarantinedRows* refused_already = nullptr;
  };

  Decider(const mapping::Plan& plan, const state::Store& store, state::Overlay& overlay, TargetSession& session,
          Judge& judge, QuarantineChanges& quarantine)
      : plan_(plan), store_(store), overlay_(overlay), session_(session), judge_(judge), quarantine_(quarantine) {}

  void set_options(const Options& options) { options_ = options; }

  /// Rows that the batch touched: they, and those that saw them through a join, are to be derived.
  void add_touched(const Batch::Touched& touched);
  /// Rows of one table to derive on all of its routes, whatever changed.
  void add_rows(core::TableId table, std::span<const core::RowKey> keys);
  void add_row(const mapping::Route& route, const core::RowKey& key);

  /// The same for a row that others than its own change lead to: remembered until forget_reached().
  void reach(const mapping::Route& route, const core::RowKey& key);
  [[nodiscard]] const std::unordered_set<TableRow, TableRowHash>& reached() const { return reached_; }
  void forget_reached() { reached_.clear(); }

  /// Decides until nothing is left. Calls `make_room` (if set) in between, when every row is either decided or still to be: it may write what
  /// is pending, and forget_written().
  void decide();
  void set_make_room(std::function<void()> make_room) { make_room_ = std::move(make_room); }
  [[nodiscard]] PendingWrites& pending() { return pending_; }
  /// Memory that upserts have taken since the last forget_written(), roughly.
  [[nodiscard]] std::size_t pending_bytes() const { return pending_bytes_; }
  /// Forgets what was decided of rows of which nothing is pending any more: the overlay knows it.
  void forget_written();
  /// Finds which of the given quarantined rows somebody gave up.
  using Accepted =
      std::function<std::vector<core::RowKey>(const mapping::Route& route, std::span<const core::RowKey> keys)>;
  void set_accepted(Accepted accepted) { accepted_ = std::move(accepted); }
  /// How many rows the target has refused so far.
  [[nodiscard]] std::uint64_t refusals() const { return refusals_; }

  /// The target refused a row of `pending` (already taken out of it): quarantines it, or lets it wait.
  void refuse(const mapping::Route& route, const mapping::Derivation& row, Refusal refusal);
  /// A row of `pending` is on the target now.
  void wrote(const mapping::Route& route, const mapping::Derivation& row);
  /// Puts the removal of a target row that the source no longer means into `pending`, unless it is meant again.
  void remove(const mapping::Route& route, const core::RowKey& key, const core::RowKey& target_key);
  /// The target did not let go a row of `pending` (already taken out of it): it stays, and is reported until it goes.
  void cannot_remove(const mapping::Route& route, const core::RowKey& key, const core::RowKey& target_key,
                     Refusal refusal);
  /// A target row that a row of `pending` had is gone.
  void removed(const mapping::Route& route, const core::RowKey& key, const core::RowKey& target_key);
  /// Whether a target row that the row `key` leaves is another row's by now, and must stay: on a route without an id, of one that maps to it; on
  /// one whose entity has a key of its own, of one that was written there since.
  [[nodiscard]] bool is_handed_on(const mapping::Route& route, const core::RowKey& key, const core::RowKey& target_key);
  /// Rows that wait: decided as if they had been written, so that nobody who refers to them is decided anew, while the target still has what it
  /// had of them. Whoever runs with `lets_wait` writes them in the end, or runs without it. Survives clear().
  struct Waiting {
    std::map<RouteRow, std::uint64_t> rows;  ///< the later one began to wait, the higher
    std::set<RouteRow> absent;               ///< of these, those of which the target has nothing
    std::set<RouteRow> refused;              ///< waited in vain, and wait no more
    std::uint64_t last = 0;
  };
  [[nodiscard]] const Waiting& waiting() const { return waiting_; }
  void restore_waiting(Waiting waiting) { waiting_ = std::move(waiting); }
  /// The row is written, or not meant any more.
  void end_waiting(const RouteRow& row);
  /// From now on a refusal is one for good.
  void give_up_waiting(const RouteRow& row);
  /// The key of the target row that there is of this row, as far as local state knows.
  [[nodiscard]] std::optional<core::RowKey> on_target(const RouteRow& row);
  /// The target row of one that waits was taken out.
  void taken_out(const RouteRow& row) { waiting_.absent.insert(row); }

  /// What the ledger has to remember or to forget (no value) because no target table carries the legacy key: UUIDs of entities, and the
  /// target keys of routes without an id.
  struct MappingChanges {
    [[nodiscard]] std::size_t size() const;

    std::map<core::EntityId, std::map<std::string, std::optional<std::string>>> uuids;
    std::map<core::RouteId, TargetKeyChanges> target_keys;
  };
  [[nodiscard]] const MappingChanges& mapping_changes() const { return mapping_changes_; }

  /// Forgets what was decided; the next rows start from the overlay.
  void clear();
  void restore_mapping_changes(MappingChanges changes) { mapping_changes_ = std::move(changes); }

 private:
  struct Verdict {
    core::RowStatus status = core::RowStatus::None;
    std::optional<Refusal> refusal;
  };
  struct RowState {
    core::RowStatus status = core::RowStatus::None;  // as decided last
    std::optional<core::RowKey> on_target;           // key of the target row that is there now
    std::optional<core::RowKey> present_as;          // entity key under which children see it
    int decisions = 0;
    bool is_in_hand = false;  // derived, and about to be settled
  };

  RowState& state_of(const mapping::Route& route, const core::RowKey& key);
  RowState initial_state(const mapping::Route& route, const core::RowKey& key, const state::StoredRow* stored);
  /// What leads to a row.
  enum class Why : std::uint8_t {
    Touched,  ///< it changed, or is asked for
    Reached,  ///< something changed that it may see: not looked at before its turn comes
  };
  struct Work {
    std::vector<core::RowKey> touched;
    std::vector<core::RowKey> reached;
  };
  void decide_rows(const mapping::Route& route, std::vector<core::RowKey> keys, Why why);
  void decide_piece(const mapping::Route& route, std::span<const core::RowKey> keys, Why why);
  [[nodiscard]] bool is_left_alone(const mapping::Route& route, const core::RowKey& key,
                                   const state::StoredRow* stored) const;
  void try_accepted(const mapping::Route& route, std::span<const core::RowKey> keys);
  void reach_later(const mapping::Route& route, const core::RowKey& key);
  [[nodiscard]] bool comes_later(const mapping::Route& route) const;
  void ask_isolating(std::size_t rows, const std::function<void(std::size_t begin, std::size_t end)>& ask,
                     const std::function<void(std::size_t row, Refusal)>& refuse);
  void ask_conflict_values(const mapping::Route& route, std::vector<mapping::Derivation>& derived,
                           std::vector<Verdict>& verdicts);
  std::vector<int> judge_rows(const mapping::Route& route, std::vector<const mapping::Derivation*>& rows,
                              std::vector<std::optional<Refusal>>& refusals);
  Verdict settle(const mapping::Route& route, const mapping::Derivation& row, int judged);
  void record(const mapping::Route& route, mapping::Derivation&& row, Verdict verdict);
  void record_gone(const mapping::Route& route, const core::RowKey& key);
  void forget_upsert(const mapping::Route& route, const core::RowKey& key);
  [[nodiscard]] static bool lacks_target_key(const mapping::Route& route, const mapping::Derivation& row);
  void set_presence(const mapping::Route& route, const core::RowKey& key, RowState& row,
                    std::optional<core::RowKey> present_as);
  /// Whether another row than `key` has been written to the target row meanwhile.
  [[nodiscard]] bool is_taken(const mapping::Route& route, const core::RowKey& key,
                              const core::RowKey& target_key) const;
  void reach_heirs();
  void derive_referrers(core::EntityId entity, const core::RowKey& key);
  [[nodiscard]] bool is_named(const mapping::Route& route, const RowState& row) const;
  void set_status(const mapping::Route& route, const core::RowKey& key, RowState& row, core::RowStatus status);
  void replace_target_key(const mapping::Route& route, const core::RowKey& key, RowState& row,
                          const std::optional<core::RowKey>& target_key);
  void note_mapping(const mapping::Route& route, const core::RowKey& entity_key, bool is_there);
  /// The key under which a derived row is (to be) on the target.
  [[nodiscard]] core::RowKey target_key(const mapping::Route& route, const mapping::Derivation& row);

  const mapping::Plan& plan_;
  const state::Store& store_;
  state::Overlay& overlay_;
  TargetSession& session_;
  Judge& judge_;
  QuarantineChanges& quarantine_;
  Options options_;

  // Rows still to decide, by rank: parents before children.
  std::map<std::pair<std::uint16_t, core::RouteId>, Work> work_;
  std::unordered_map<RouteRow, RowState, RouteRowHash> rows_;
  std::unordered_set<RouteRow, RouteRowHash>
      tried_;  // quarantined, but their parent came or went, or they were deleted and inserted again
  std::unordered_set<TableRow, TableRowHash> reached_;
  // Target rows whose key may pass from row to row: which one was written there last.
  std::unordered_map<RouteRow, core::RowKey, RouteRowHash> taken_;
  // Of routes without an id, by target key: the row whose upsert is pending.
  std::unordered_map<RouteRow, core::RowKey, RouteRowHash> writing_;
  // Of routes without an id, target keys that a row has left: another one that maps there may have to write now.
  std::unordered_set<RouteRow, RouteRowHash> left_;
  PendingWrites pending_;
  std::size_t pending_bytes_ = 0;
  std::uint64_t refusals_ = 0;
  std::function<void()> make_room_;
  Accepted accepted_;
  MappingChanges mapping_changes_;
  Waiting waiting_;
};

}  // namespace apply
