#pragma once

#include <functional>

#include "core/lookup.hpp"
#include "core/row.hpp"
#include "core/row_key.hpp"
#include "mapping/plan.hpp"

namespace mapping {

/// Told of each row that has to be derived again on a route. A row may be named more than once.
using AffectedRow = std::function<void(const Route& route, const core::RowKey& key)>;

/// A row of a joined table changed from `before` to `after` (null: it was not, is not there): names the rows that saw it, through chains of
/// joins too. Changes of columns that nobody reads name nobody. `lookup` must already hold the new state: rows that *stopped* pointing at the
/// joined row have changed themselves.
void rows_that_saw(const Plan& plan, core::TableId table, const core::Row* before, const core::Row* after,
                   core::Lookup& lookup, const AffectedRow& affected);

/// The row that an entity's key names came into the target or left it: names the rows that refer to it.
void rows_that_refer_to(
    const Plan& plan, core::EntityId entity, const core::RowKey& key, core::Lookup& lookup,
    const std::function<void(const Route& route, const Ref& ref, const core::RowKey& key)>& affected);

}  // namespace mapping
