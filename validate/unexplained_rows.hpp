#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "mapping/plan.hpp"
#include "state/store.hpp"
#include "validate/checksum.hpp"
#include "validate/ledger_view.hpp"
#include "validate/place_set.hpp"
#include "validate/target_reader.hpp"

namespace validate {

/// A target row that no source row explains.
struct UnexplainedRow {
  enum class Whose : std::uint8_t {
    Extra,    ///< the agent's own
    Kept,     ///< the agent's own, left on purpose by `on_delete: keep` or `set`
    Foreign,  ///< not made by the agent
  };
  Whose whose = Whose::Foreign;
  core::RouteId route;
  std::vector<std::string> target_key;
  std::string legacy_key;     ///< as the ledger knows it; empty: it does not
  bool is_unremoved = false;  ///< the ledger says that the target did not let it go
  Checksum checksum;          ///< of Extra
};

/// Visits the rows of the table that the routes (all that lead there) write, but for those in `explained`. Where these are all, only their number is
/// asked for. Throws Error(Target).
void for_each_unexplained(const mapping::Plan& plan, std::span<const core::RouteId> routes, const PlaceSet& explained,
                          const LedgerView& ledger, const state::Store& store, TargetReader& target,
                          const std::function<void(UnexplainedRow row)>& visit);

}  // namespace validate
