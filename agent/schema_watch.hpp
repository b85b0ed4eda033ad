#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "agent/environment.hpp"
#include "agent/table_record.hpp"
#include "core/error.hpp"
#include "state/store.hpp"

namespace agent {

/// What was recorded of the plan's tables when their rows were copied; none of a table that never was.
[[nodiscard]] TableRecords stored_records(const Environment& environment, const state::Store& store);
void store_records(const Environment& environment, state::Store& store, const TableRecords& records);

/// Keeps that the stream told a TRUNCATE of the table, in this transaction of the source. To be called before that is applied.
void note_truncate(state::Store& store, const mapping::SourceTable& table, std::uint32_t xid);

/// Compares what the source's catalog says now with what was recorded when the rows were copied. Where rows may have changed without a word in the
/// stream: the error, Error(Refused), that names the first such table, what changed and the remedy. Everything else is recorded as the new state of
/// things. Tables that `is_read_anew` names are left out. Where a TRUNCATE may explain the change that the stream tells, `has_passed` is asked whether
/// everything is applied that was committed before the table was as it is now; until then it is neither recorded nor an error. Throws Error(Source) when the
/// catalog cannot be read.
[[nodiscard]] std::optional<core::Error> look_at_schema(
    const Environment& environment, state::Store& store, pg::Session& source,
    const std::function<bool(core::TableId)>& is_read_anew = [](core::TableId) { return false; },
    const std::function<bool(core::TableId, const TableRecord& now)>& has_passed =
        [](core::TableId, const TableRecord&) { return false; });

/// The tables whose rows may have changed so since they were copied: a repeated snapshot reads them, whatever else it reads.
[[nodiscard]] std::vector<core::TableId> tables_moved(const Environment& environment, const state::Store& store,
                                                      pg::Session& source);

}  // namespace agent
