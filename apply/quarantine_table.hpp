#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apply/quarantine.hpp"
#include "core/lsn.hpp"
#include "mapping/plan.hpp"
#include "pg/session.hpp"

namespace apply {

/// The ledger's table of what the target refuses: rows that it does not take (`op` upsert), and rows that are not meant any more and that it
/// does not let go (`op` delete); and what an operator gave up, parked rows (`op` park) too. However many there are, they are read and written in pages. Every function throws Error(Target).
class QuarantineTable {
 public:
  /// `schema` is the ledger's.
  explicit QuarantineTable(std::string schema) : schema_(std::move(schema)) {}

  /// Writes the rows that were not taken, and those that are well now. `lsn`: of the transaction that they came with; 0/0 when unknown.
  void write_refused(pg::Session& session, const mapping::Plan& plan, const QuarantineChanges& changes,
                     core::Lsn lsn) const;
  /// Writes the target rows that were not let go, and those that are gone after all or meant again.
  void write_unremoved(pg::Session& session, const mapping::Plan& plan, const QuarantineChanges& changes,
                       core::Lsn lsn) const;

  /// A row that waits for its parent, with its image.
  struct ParkedRow {
    RouteRow row;
    core::Row image;
  };

  enum class Discarded : bool { Without, With };
  /// Rows that are quarantined now, page by page; with those that an operator gave up, or without. Lines of routes that the plan does not
  /// have are left out. `visit` may change the table.
  void for_each_refused(pg::Session& session, const mapping::Plan& plan, Discarded discarded,
                        const std::function<void(std::span<const RouteRow>)>& visit) const;

  /// Where to begin and what to read: up to `rows` lines after `after` and up to `last` by their number, of one route, with these legacy
  /// keys (none: all).
  struct Page {
    core::RouteId route;
    std::int64_t after = 0;
    std::int64_t last = 0;
    std::span<const std::string> keys = {};
    std::size_t rows = 0;
  };
  struct RefusedLine {
    std::int64_t number = 0;
    core::RowKey key;
  };
  struct UnremovedLine {
    std::int64_t number = 0;
    core::RowKey key;
    core::RowKey target_key;
  };
  [[nodiscard]] std::vector<RefusedLine> read_refused(pg::Session& session, const mapping::Plan& plan, Page page) const;
  [[nodiscard]] std::vector<UnremovedLine> read_unremoved(pg::Session& session, const mapping::Plan& plan,
                                                          Page page) const;
  /// The number of the newest line; 0 when there is none.
  [[nodiscard]] std::int64_t newest(pg::Session& session) const;
  /// How many target rows could not be removed, by route.
  [[nodiscard]] std::vector<std::int64_t> count_unremoved(pg::Session& session, const mapping::Plan& plan) const;

  /// Who gave rows up, and why.
  struct Acceptance {
    std::string actor;
    std::string reason;
  };
  /// Notes that these parked rows were given up. Those that were before stay with whom they are.
  void accept_parked(pg::Session& session, const mapping::Plan& plan, std::span<const ParkedRow> rows,
                     const Acceptance& acceptance) const;
  /// Which of these rows of a route the target refused, and somebody then gave up.
  [[nodiscard]] std::vector<core::RowKey> read_accepted(pg::Session& session, const mapping::Plan& plan,
                                                        const mapping::Route& route,
                                                        std::span<const core::RowKey> keys) const;
  [[nodiscard]] std::vector<AcceptedCounts> count_accepted(pg::Session& session, const mapping::Plan& plan) const;

 private:
  [[nodiscard]] std::string sql(std::string_view text) const;

  std::string schema_;
};

}  // namespace apply
