#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace validate {

/// What may be said of one row of one route that is not simply as it should be.
enum class FindingKind : std::uint8_t {
  Missing,      ///< the source means it, the target does not have it, and nobody has said why
  Different,    ///< it is there, and some columns are not what the mapping makes of the source
  Extra,        ///< the agent's own row on the target, which the source does not mean (any more)
  Parked,       ///< kept out because a parent is not on the target
  Quarantined,  ///< kept out because the target refused it, or its expressions fail
  WouldPass,    ///< quarantined in the ledger, and the target would take it today
};

[[nodiscard]] std::string_view to_string(FindingKind kind);
/// Nothing when no kind has this name.
[[nodiscard]] std::optional<FindingKind> finding_kind(std::string_view name);

/// One such row. Keys and column names; never values.
struct Finding {
  std::string route = {};
  FindingKind kind = FindingKind::Missing;
  std::string legacy_key = {};  ///< of the source row; of an extra row as far as it is known, else empty
  std::vector<std::string> target_key =
      {};  ///< the id, or the conflict columns; empty where the row has none (parked, …)
  std::vector<std::string> columns = {};  ///< of Different: those that differ
  std::string note = {};  ///< why, where that is known: the parent that is missing, the ledger's message

  friend bool operator==(const Finding&, const Finding&) = default;
};

}  // namespace validate
