#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "apply/quarantine_table.hpp"
#include "pg/session.hpp"

namespace agent {

/// An unresolved row of the ledger's quarantine, without the row itself.
struct QuarantinedRow {
  std::int64_t id = 0;
  std::string route;
  std::string legacy_key;
  std::string operation;
  std::string category;
  std::string sqlstate;
  std::string message;
  std::string remedy;
  std::string lsn;
  std::int64_t attempts = 0;
  std::string first_seen;
  std::string last_seen;
};

/// Which unresolved rows: of one route or all, of some keys or all.
struct QuarantineSelection {
  std::string route;
  std::vector<std::string> keys;
};

/// At most `limit` rows, oldest first; none when there is no ledger yet. Throws what exec throws.
[[nodiscard]] std::vector<QuarantinedRow> read_quarantine(pg::Session& target, const std::string& ledger_schema,
                                                          const QuarantineSelection& selection, std::size_t limit);
[[nodiscard]] std::int64_t count_quarantine(pg::Session& target, const std::string& ledger_schema,
                                            const QuarantineSelection& selection);
/// The row itself, as JSON text, as the source had it. Sensitive: for the operator's eyes only.
[[nodiscard]] std::optional<std::string> read_quarantined_image(pg::Session& target, const std::string& ledger_schema,
                                                                std::int64_t id);

/// Marks rows as given up, by whom and why: at most `limit` of those up to the line numbered `last`. Returns their number. Precondition: there
/// is a ledger.
std::uint64_t discard_quarantined(pg::Session& target, const std::string& ledger_schema,
                                  const QuarantineSelection& selection,
                                  const apply::QuarantineTable::Acceptance& acceptance, std::int64_t last,
                                  std::size_t limit);

/// A row that somebody gave up, and that is still out of the target for it.
struct AcceptedRow {
  std::string route;
  std::string legacy_key;
  std::string operation;  ///< upsert: refused; park: without its parent; delete: a target row that stays
  std::string at;
  std::string actor;
  std::string reason;
};

/// At most `limit` of one route (empty: of all), oldest first; none when there is no ledger yet. Throws what exec throws.
[[nodiscard]] std::vector<AcceptedRow> read_accepted(pg::Session& target, const std::string& ledger_schema,
                                                     const std::string& route, std::size_t limit);

}  // namespace agent
