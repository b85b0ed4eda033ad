#include "pg/copy_text.hpp"

#include <cstring>

#include "core/error.hpp"

namespace pg {

namespace {

core::Error malformed(const char* why) {
  return core::Error{core::ErrorKind::Protocol, std::string{"a line of COPY makes no sense: "} + why};
}

bool holds(std::string_view text, char byte) { return std::memchr(text.data(), byte, text.size()) != nullptr; }

/// The byte that `\letter` stands for. The server writes these seven and no other (octal and hex forms are for input only).
char unescape(char letter) {
  switch (letter) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    case '\\': return '\\';
    default: throw malformed("unknown escape sequence");
  }
}

/// Decodes one field that holds at least one backslash. `scratch` keeps the bytes of the returned value.
core::Value decode_escaped(std::string_view field, std::string& scratch) {
  if (field == "\\N") return core::Value::null();
  scratch.clear();
  while (!field.empty()) {
    const std::size_t backslash = field.find('\\');
    if (backslash == std::string_view::npos) break;
    if (backslash + 1 == field.size()) throw malformed("it ends within an escape sequence");
    scratch.append(field.substr(0, backslash));
    scratch += unescape(field[backslash + 1]);
    field.remove_prefix(backslash + 2);
  }
  scratch.append(field);
  return core::Value::of(scratch);
}

/// The letter that follows a backslash for `byte`, or 0 when the byte stands for itself.
constexpr char escape(char byte) {
  switch (byte) {
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\v': return 'v';
    case '\\': return '\\';
    default: return 0;
  }
}

core::Error unchanged_value() {
  return core::Error{core::ErrorKind::Bug, "an unchanged value has no bytes that could be written"};
}

}  // namespace

core::Row decode_copy_line(std::string_view line, std::size_t columns) {
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  if (!line.empty() && (holds(line, '\n') || holds(line, '\r') || holds(line, '\0'))) {
    throw malformed("a control character is not escaped");
  }
  core::RowBuilder row{columns, line.size()};
  if (columns == 0) {
    if (!line.empty()) throw malformed("more values than columns");
    return std::move(row).finish();
  }
  const bool has_escapes = !line.empty() && holds(line, '\\');
  std::string scratch;
  for (std::size_t column = 0; column < columns; ++column) {
    const std::size_t tab = line.find('\t');
    const bool is_last = column + 1 == columns;
    if (is_last && tab != std::string_view::npos) throw malformed("more values than columns");
    if (!is_last && tab == std::string_view::npos) throw malformed("fewer values than columns");
    const std::string_view field = line.substr(0, tab);
    if (has_escapes && field.find('\\') != std::string_view::npos) {
      row.add(decode_escaped(field, scratch));
    } else {
      row.add_text(field);
    }
    if (!is_last) line.remove_prefix(tab + 1);
  }
  return std::move(row).finish();
}

void append_copy_value(std::string& line, core::Value value) {
  if (value.is_unchanged()) throw unchanged_value();
  if (value.is_null()) {
    line += "\\N";
    return;
  }
  // Runs of ordinary bytes are appended at once: most values hold nothing to escape.
  std::size_t run = 0;
  for (std::size_t at = 0; at < value.text.size(); ++at) {
    const char letter = escape(value.text[at]);
    if (letter == 0) continue;
    line.append(value.text, run, at - run);
    line += '\\';
    line += letter;
    run = at + 1;
  }
  line.append(value.text, run);
}

}  // namespace pg
