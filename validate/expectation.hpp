#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/row_key.hpp"
#include "mapping/derive.hpp"
#include "mapping/plan.hpp"
#include "state/overlay.hpp"
#include "validate/ledger_view.hpp"
#include "validate/target_reader.hpp"

namespace validate {

/// What the mapping means for one source row on one route.
struct Expectation {
  enum class Fate : std::uint8_t {
    Expected,     ///< it is to be on the target
    Filtered,     ///< kept out on purpose
    Parked,       ///< a parent is not on the target
    Quarantined,  ///< the ledger says that the target refused it, or an expression fails for it
  };
  mapping::Derivation row;
  Fate fate = Fate::Expected;
  /// An operator has accepted that it is not there. With Expected: it may be there all the same.
  bool is_accepted = false;
  bool is_only_in_ledger = false;  ///< of Quarantined: the mapping would write it today
  std::string why = {};            ///< of Parked and Quarantined
};

/// Derives rows of one table on one route from `overlay`, whose images are of the validated moment and whose presence of parents was decided
/// before, and settles each one's fate. Written anew, not shared with those who apply rows: what they do wrong shall show.
[[nodiscard]] std::vector<Expectation> expect_rows(const mapping::Plan& plan, const mapping::Route& route,
                                                   std::span<const core::RowKey> keys, state::Overlay& overlay,
                                                   TargetReader& target, const LedgerView& ledger);

/// The keys of the target rows that rows are meant to be, as texts: the UUID, or the conflict columns. Empty where there is none: a conflict
/// column is NULL, or cannot be evaluated.
[[nodiscard]] std::vector<std::vector<std::string>> target_keys_of(const mapping::Route& route,
                                                                   std::span<const mapping::Derivation* const> rows,
                                                                   core::Lookup& lookup, TargetReader& target);

}  // namespace validate
