#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

/// Marks rows as discarded, by whom and why, and tells the audit log, in one transaction. Returns their number.
std::uint64_t discard_quarantined(pg::Session& target, const std::string& ledger_schema,
                                  const QuarantineSelection& selection, const std::string& reason);

}  // namespace agent
