#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/lookup.hpp"
#include "core/row.hpp"
#include "core/row_key.hpp"
#include "core/uuid.hpp"
#include "mapping/plan.hpp"

namespace mapping {

/// What one ref of one row came to.
struct RefState {
  enum class Kind : std::uint8_t {
    Null,      ///< the key is NULL: so is the ref, and nothing is missing
    Missed,    ///< the row that it names is not in the target
    Resolved,  ///< `uuid` is that row's
  };
  Kind kind = Kind::Null;
  core::Uuid uuid;
};

/// A source row as one route sees it: its image, the joined rows, the refs. Everything that its statements send.
struct Derivation {
  core::RowKey key;         ///< of the source row
  core::RowKey entity_key;  ///< of the route's entity; empty for a route without one
  core::Row image;
  std::vector<std::vector<core::Row>> joined;  ///< per Route::joins, in primary-key order
  std::vector<RefState> refs;                  ///< per Route::refs
  std::optional<std::uint16_t>
      ambiguous_join;  ///< a single join that found two rows: an error of the row, never a choice
  /// The values of Route::conflict where expressions make them: not derived, but asked of the target (Route::conflict_query).
  std::vector<std::optional<std::string>> conflict_values;

  /// The value of an operand of the row or of a single join. Precondition: not a many-join's.
  [[nodiscard]] core::Value value(const Operand& operand) const;
};

/// Sees `image` as `route` does. Reads only through `lookup`.
[[nodiscard]] Derivation derive(const Plan& plan, const Route& route, const core::RowKey& key, core::Row image,
                                core::Lookup& lookup);

/// The entity's key of a row: its primary key, or the route's `key` columns. Precondition: the route has an entity.
[[nodiscard]] core::RowKey entity_key(const Plan& plan, const Route& route, const core::RowKey& key,
                                      const core::Row& image);

/// The key that a ref of the row names, as people write it: `17`, `3,de`.
[[nodiscard]] std::string ref_key_text(const Route& route, const Derivation& row, std::uint16_t ref);

/// Keys of the rows of access.table whose columns hold `values`; none when one of the values is NULL.
[[nodiscard]] std::vector<core::RowKey> rows_by(const Plan& plan, const Access& access,
                                                std::span<const core::Value> values, core::Lookup& lookup);

}  // namespace mapping
