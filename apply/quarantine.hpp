#pragma once

#include <cstdint>
#include <optional>
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
  friend bool operator==(const RouteRow&, const RouteRow&) = default;
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

/// The refusal that an error of the target means for the row that caused it.
[[nodiscard]] Refusal refusal_of(const core::Error& error);

/// What a batch changes in the ledger's quarantine table, written in its transaction.
struct QuarantineChanges {
  struct Entry {
    core::Row image;
    /// None: the source changed a row that stays behind its quarantine; only the row and the time are renewed.
    std::optional<Refusal> refusal;
  };
  std::unordered_map<RouteRow, Entry, RouteRowHash> refused;
  std::unordered_map<RouteRow, std::string, RouteRowHash> resolved;  ///< with how: applied, filtered, parked, deleted

  void refuse(const RouteRow& row, core::Row image, Refusal refusal);
  void renew(const RouteRow& row, core::Row image);
  /// Refused by this batch itself, which nothing has committed yet.
  [[nodiscard]] bool is_refused_now(const RouteRow& row) const;
  void resolve(const RouteRow& row, std::string how);
  /// What was to be written is in the ledger's table now; its transaction goes on.
  void written();
  [[nodiscard]] bool is_empty() const { return refused.empty() && resolved.empty(); }
  [[nodiscard]] std::size_t size() const { return refused.size() + resolved.size(); }
  void clear();

 private:
  std::unordered_set<RouteRow, RouteRowHash> written_;  ///< refused and in the ledger's table, in this transaction
};

/// Rows that the ledger holds as quarantined: read at start, needed while local state is caught up without writing to the target.
using QuarantinedRows = std::unordered_set<RouteRow, RouteRowHash>;

}  // namespace apply
