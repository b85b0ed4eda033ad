#pragma once

#include "core/catalog.hpp"
#include "mapping/plan.hpp"

namespace mapping {

/// Gives every route its rank, from 1: parents before children. A route comes after the first route of each entity that
/// it refers to, and after the routes into the tables that foreign keys of its target point to, as far as it writes their
/// columns. Rows of one table that point at each other do not count; a cycle is opened at its first route in the order
/// of mapping.yaml.
void order_routes(Plan& plan, const core::Catalog& target);

/// Fills SourceTable::after, as described there.
void order_tables(Plan& plan);

}  // namespace mapping
