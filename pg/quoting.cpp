#include "pg/quoting.hpp"

#include "core/error.hpp"

namespace pg {

namespace {

std::string quote(std::string_view text, char mark) {
  // libpq takes C strings: anything after a NUL would be dropped in silence, so it never gets into SQL.
  if (text.find('\0') != std::string_view::npos) {
    throw core::Error{core::ErrorKind::Data, "a text with a zero byte cannot be part of SQL"}.sqlstate("22021");
  }
  std::string quoted;
  quoted.reserve(text.size() + 2);
  quoted += mark;
  for (const char c : text) {
    if (c == mark) quoted += mark;
    quoted += c;
  }
  quoted += mark;
  return quoted;
}

}  // namespace

std::string quote_identifier(std::string_view name) { return quote(name, '"'); }

std::string quote_name(const core::QualifiedName& name) {
  return quote_identifier(name.schema) + "." + quote_identifier(name.name);
}

std::string quote_literal(std::string_view text) { return quote(text, '\''); }

}  // namespace pg
