#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/row.hpp"
#include "core/value.hpp"

namespace pg {

/// Decodes one line of COPY text format (PostgreSQL documentation, "COPY", File Formats), without or with its newline, into a row
/// of exactly `columns` values. Throws Error(Protocol) on anything else.
[[nodiscard]] core::Row decode_copy_line(std::string_view line, std::size_t columns);

/// Appends one value in COPY text format. Separators are the caller's. Precondition: the value is not unchanged.
void append_copy_value(std::string& line, core::Value value);

}  // namespace pg
