#include "mapping/scalar_position.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

namespace mapping {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::size_t utf8_length(std::uint32_t code_point) {
  if (code_point < 0x80) return 1;
  if (code_point < 0x800) return 2;
  return code_point < 0x10000 ? 3 : 4;
}

// The next piece of a flow scalar: how many bytes of the file make how many bytes of text.
struct Piece {
  std::size_t raw = 1;
  std::size_t text = 1;
};

Piece double_quoted_escape(std::string_view file, std::size_t at) {
  if (at + 1 >= file.size()) return {1, 1};
  const char kind = file[at + 1];
  const auto hex = [&](std::size_t digits) -> Piece {
    std::uint32_t code_point = 0;
    const char* first = file.data() + std::min(at + 2, file.size());
    std::from_chars(first, file.data() + std::min(at + 2 + digits, file.size()), code_point, 16);
    return {2 + digits, utf8_length(code_point)};
  };
  switch (kind) {
    case 'x': return hex(2);
    case 'u': return hex(4);
    case 'U': return hex(8);
    case '_':
    case 'N': return {2, 2};
    case 'L':
    case 'P': return {2, 3};
    case '\r':
    case '\n': {  // an escaped line break and the indentation after it are nothing
      std::size_t end = at + 1;
      while (end < file.size() && is_blank(file[end])) ++end;
      return {end - at, 0};
    }
    default: return {2, 1};
  }
}

Piece next_piece(std::string_view file, std::size_t at, char style) {
  if (style == '"' && file[at] == '\\') return double_quoted_escape(file, at);
  if (style == '\'' && file[at] == '\'') return {2, 1};
  if (!is_blank(file[at])) return {};
  std::size_t end = at;
  std::size_t breaks = 0;
  while (end < file.size() && is_blank(file[end])) breaks += file[end++] == '\n' ? 1U : 0U;
  if (breaks == 0) return {};
  // One line break folds to a space, further ones are kept.
  return {end - at, breaks == 1 ? 1 : breaks - 1};
}

SourcePosition position_of_raw(std::string_view file, const Scalar& scalar, std::size_t raw) {
  SourcePosition position = scalar.at;
  for (std::size_t i = scalar.offset; i < raw && i < file.size(); ++i) {
    if (file[i] == '\n') {
      ++position.line;
      position.column = 1;
    } else {
      ++position.column;
    }
  }
  return position;
}

SourcePosition position_in_literal_block(std::string_view file, const Scalar& scalar, std::size_t offset) {
  std::size_t line_start = file.find('\n', scalar.offset);
  if (line_start == std::string_view::npos) return scalar.at;
  ++line_start;
  const std::size_t text_start = file.find_first_not_of(" \r\n", line_start);
  if (text_start == std::string_view::npos) return scalar.at;
  const std::size_t first_line = file.rfind('\n', text_start) + 1;
  const std::size_t indentation = text_start - first_line;

  const std::string_view before = std::string_view(scalar.text).substr(0, std::min(offset, scalar.text.size()));
  const auto lines = static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t last_break = before.rfind('\n');
  const std::size_t in_line = last_break == std::string_view::npos ? before.size() : before.size() - last_break - 1;
  return {scalar.at.line + 1 + lines, static_cast<int>(indentation + in_line) + 1};
}

}  // namespace

SourcePosition position_in(std::string_view file, const Scalar& scalar, std::size_t offset) {
  if (scalar.offset >= file.size()) return scalar.at;
  const char style = file[scalar.offset];
  if (style == '>') return scalar.at;
  if (style == '|') return position_in_literal_block(file, scalar, offset);
  std::size_t raw = scalar.offset + (style == '"' || style == '\'' ? 1U : 0U);
  std::size_t text = 0;
  while (text < offset && raw < file.size()) {
    const Piece piece = next_piece(file, raw, style);
    raw += piece.raw;
    text += piece.text;
  }
  return position_of_raw(file, scalar, raw);
}

}  // namespace mapping
