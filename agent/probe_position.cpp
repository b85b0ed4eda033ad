#include "agent/probe_position.hpp"

#include <algorithm>
#include <charconv>

#include "mapping/expression.hpp"

namespace agent {

namespace {

/// Byte offset of the `characters`-th character (from 0) of UTF-8 text.
std::size_t byte_offset(std::string_view text, std::size_t characters) {
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const bool continues = (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
    if (continues) continue;
    if (characters == 0) break;
    --characters;
  }
  return i;
}

/// Length of a `"…"."…"` at the beginning of `sql`.
std::size_t quoted_pair_length(std::string_view sql) {
  std::size_t quotes = 0;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '"' && ++quotes == 4) return i + 1;
  }
  return sql.size();
}

}  // namespace

std::optional<std::size_t> offset_in_expression(std::string_view probe, std::string_view position, std::string_view sql,
                                                std::string_view text) {
  std::size_t characters = 0;
  const auto [end, error] = std::from_chars(position.data(), position.data() + position.size(), characters);
  if (position.empty() || error != std::errc{} || end != position.data() + position.size() || characters == 0)
    return std::nullopt;
  const std::size_t in_probe = byte_offset(probe, characters - 1);
  const std::size_t begin = probe.find(sql);
  if (begin == std::string_view::npos || in_probe < begin || in_probe >= begin + sql.size()) return std::nullopt;
  const std::size_t in_sql = in_probe - begin;

  // Follow both texts from ref to ref; what stands between two refs is the same in both.
  const mapping::Expression expression = mapping::parse_expression(text);
  if (expression.refs.empty()) {
    const std::size_t shift = sql.find(text);
    if (shift == std::string_view::npos || in_sql < shift || in_sql >= shift + text.size()) return std::nullopt;
    return in_sql - shift;
  }
  std::size_t at_sql = 0;
  std::size_t at_text = 0;
  for (const mapping::RefCall& ref : expression.refs) {
    const std::size_t plain = ref.begin - at_text;
    if (in_sql < at_sql + plain) return at_text + (in_sql - at_sql);
    at_sql += plain;
    const std::size_t replaced = quoted_pair_length(sql.substr(std::min(at_sql, sql.size())));
    if (in_sql < at_sql + replaced) return ref.begin;
    at_sql += replaced;
    at_text = ref.end;
  }
  return std::min(at_text + (in_sql - at_sql), text.size());
}

}  // namespace agent
