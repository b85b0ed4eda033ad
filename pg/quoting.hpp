#pragma once

#include <string>
#include <string_view>

#include "core/relation.hpp"

namespace pg {

/// `name` as an SQL identifier, always quoted. The only way a name gets into SQL.
[[nodiscard]] std::string quote_identifier(std::string_view name);
/// `"schema"."name"`.
[[nodiscard]] std::string quote_name(const core::QualifiedName& name);
/// `text` as an SQL string literal (standard_conforming_strings is pinned on).
[[nodiscard]] std::string quote_literal(std::string_view text);

}  // namespace pg
