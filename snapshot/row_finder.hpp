#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/row.hpp"
#include "core/row_key.hpp"
#include "pg/session.hpp"
#include "snapshot/table_shape.hpp"

namespace snapshot {

/// The rows whose `columns` (positions in shape.columns, with their types) hold one of `values`, in no order. Precondition: `session` sees the snapshot.
[[nodiscard]] std::vector<std::pair<core::RowKey, core::Row>> find_rows(pg::Session& session, const TableShape& shape,
                                                                        std::span<const std::uint16_t> columns,
                                                                        std::span<const core::KeyType> types,
                                                                        std::span<const core::RowKey> values);

}  // namespace snapshot
