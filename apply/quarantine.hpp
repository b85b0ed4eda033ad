#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/error.hpp"
#include "core/ids.hpp"
#include "core/row.hpp"
#include "core/row_key.hpp"

namespace apply {

/// A row on one route.
struct RouteRow {
  core::RouteId route;
  core::RowKey key;
  friend auto operator<=>(const RouteRow&, const RouteRow&) = default;
};

struct RouteRowHash {
  std::size_t operator()(const RouteRow& row) const noexcept {
    return std::hash<core::RowKey>{}(row.key) * 31U + row.route.value;
  }
};

/// Why a row was refused, as the ledger keeps it. Never holds row values.
struct Refusal {
  std::string category;  ///< data, constraint, missing_reference, schema, …
  std::string sqlstate;
  std::string message;
  std::string remedy;
};

/// The key of a target row as texts, which is how the ledger keeps it.
[[nodiscard]] core::RowKey target_key_of(std::span<const std::string> values);

/// Whether order alone can cause this SQLSTATE: a unique value that moves between rows, a reference whose target comes later.
[[nodiscard]] bool may_be_caused_by_order(const std::string& sqlstate);

/// The refusal that an error of the target means for the row that caused it.
[[nodiscard]] Refusal refusal_of(const core::Error& error);
/// The same for a target row that was to be removed.
[[nodiscard]] Refusal refusal_of_removal(const core::Error& error);

/// How many rows of a route an operator gave up.
struct AcceptedCounts {
  std::int64_t refused = 0;
  std::int64_t parked = 0;
};

/// What a batch changes in the ledger's quarantine table, written in its transaction.
struct QuarantineChanges {
  struct Entry {
    core::Row image;
    /// None: the source changed a row that stays behind its quarantine; only the row and the time are renewed.
    std::optional<Refusal> refusal;
  };
  std::unordered_map<RouteRow, Entry, RouteRowHash> refused;
  std::unordered_map<RouteRow, std::string, RouteRowHash> resolved;  ///< with how: applied, filtered, parked, deleted
  /// A target row that is not meant any more and that the target does not let go.
  struct Unremoved {
    core::RowKey key;  ///< of the source row that it was made of
    Refusal refusal;
  };
  std::unordered_map<RouteRow, Unremoved, RouteRowHash> unremoved;  ///< by the target row's key
  std::unordered_set<RouteRow, RouteRowHash> released;  ///< target rows that are gone after all, or meant again
  /// How many of them the ledger has, by route; empty: none. Survives clear().
  std::vector<std::int64_t> unremoved_before;
  /// What was given up (`agent quarantine discard`), by route; empty: nothing. Perhaps more than still is. Survives clear().
  std::vector<AcceptedCounts> accepted_before;

  void refuse(const RouteRow& row, core::Row image, Refusal refusal);
  void renew(const RouteRow& row, core::Row image);
  /// Refused by this batch itself, which nothing has committed yet.
  [[nodiscard]] bool is_refused_now(const RouteRow& row) const;
  void resolve(const RouteRow& row, std::string how);
  /// What was to be written is in the ledger's table now; its transaction goes on.
  void written();
  [[nodiscard]] bool is_empty() const { return refused.empty() && resolved.empty(); }
  [[nodiscard]] std::size_t size() const { return refused.size() + resolved.size(); }
  void cannot_remove(const RouteRow& target_row, core::RowKey key, Refusal refusal);
  void release(const RouteRow& target_row);
  /// Whether any target row of this route could not be removed, as far as anybody knows.
  [[nodiscard]] bool has_unremoved(core::RouteId route) const;
  /// What of this route was given up before this batch.
  [[nodiscard]] AcceptedCounts accepted(core::RouteId route) const;
  void clear();

 private:
  std::unordered_set<RouteRow, RouteRowHash> written_;  ///< refused and in the ledger's table, in this transaction
};

/// Rows that the ledger holds as quarantined: read at start, needed while local state is caught up without writing to the target.
using QuarantinedRows = std::unordered_set<RouteRow, RouteRowHash>;

}  // namespace apply
