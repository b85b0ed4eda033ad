#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "apply/decider.hpp"
#include "apply/target_session.hpp"

namespace apply {

/// What a batch did on the target.
struct WriteCounts {
  std::uint64_t sent = 0;     ///< rows sent as upserts
  std::uint64_t written = 0;  ///< of these, inserted or changed: rows already right are not rewritten
  std::uint64_t removed = 0;
};

/// Carries out what the decider found: set-wise, one statement per route and direction, in an order that keeps foreign keys whole. Where
/// the session rests foreign keys (replication role), rows go before others come, so that a unique value may move between rows; where it
/// does not, rows that lose a parent are written before the parent goes.
class Writer {
 public:
  Writer(const mapping::Plan& plan, state::Overlay& overlay, TargetSession& session, Decider& decider)
      : plan_(plan), overlay_(overlay), session_(session), decider_(decider) {}

  /// Writes everything pending, and what becomes pending by it, until nothing is left. With `is_careful`, a row that the target refuses is
  /// isolated and handed to Decider::refuse, or cannot_remove; otherwise its Error(Data) is thrown.
  void write(bool is_careful);

  /// Writes of what is pending as much as may go before the rest is decided: everything where the session rests foreign keys, else no
  /// removals. Ends early when the target refused a row, since others may have to be decided anew.
  void write_ahead(bool is_careful);

  [[nodiscard]] const WriteCounts& counts() const { return counts_; }
  void reset_counts() { counts_ = {}; }

 private:
  [[nodiscard]] std::vector<core::RouteId> pending_routes() const;  // by rank
  /// A target row to remove, and the source row that it was made of.
  struct Removal {
    core::RowKey key;
    core::RowKey target_key;
  };
  void remove_rows(const mapping::Route& route, bool is_careful);
  void remove_isolating(const mapping::Route& route, std::vector<Removal> rows);
  void find_unremovable(const mapping::Route& route, std::span<const Removal> rows,
                        std::vector<std::pair<Removal, Refusal>>& refused);
  void remove(const mapping::Route& route, std::span<const Removal> rows);
  void upsert_rows(const mapping::Route& route, bool is_careful);
  void upsert_isolating(const mapping::Route& route, std::span<const mapping::Derivation* const> rows);
  void upsert(const mapping::Route& route, std::span<const mapping::Derivation* const> rows);

  const mapping::Plan& plan_;
  state::Overlay& overlay_;
  TargetSession& session_;
  Decider& decider_;
  WriteCounts counts_;
};

}  // namespace apply
