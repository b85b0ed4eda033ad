#include "mapping/sql_text.hpp"

#include <utility>

namespace mapping {

namespace {

// Splits at dots outside double quotes and takes the quotes off.
std::vector<std::string> name_parts(std::string_view text) {
  std::vector<std::string> parts(1);
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && is_quoted && i + 1 < text.size() && text[i + 1] == '"') {
      parts.back() += '"';
      ++i;
    } else if (c == '"') {
      is_quoted = !is_quoted;
    } else if (c == '.' && !is_quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

std::string quoted(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

std::string quoted(const core::QualifiedName& name) { return quoted(name.schema) + "." + quoted(name.name); }

std::string joined(const std::vector<std::string>& pieces, std::string_view separator) {
  std::string text;
  for (const std::string& piece : pieces) {
    if (!text.empty()) text += separator;
    text += piece;
  }
  return text;
}

core::QualifiedName parse_table_name(std::string_view text) {
  std::vector<std::string> parts = name_parts(text);
  if (parts.size() == 1) return {"public", std::move(parts[0])};
  // More than two parts name no table; kept as they are, so that the message shows what was written.
  if (parts.size() > 2) return {"public", std::string(text)};
  return {std::move(parts[0]), std::move(parts[1])};
}

ColumnName parse_column_name(std::string_view text) {
  std::vector<std::string> parts = name_parts(text);
  if (parts.size() == 2) return {std::move(parts[0]), std::move(parts[1])};
  if (parts.size() == 1) return {{}, std::move(parts[0])};
  return {{}, std::string(text)};
}

}  // namespace mapping
