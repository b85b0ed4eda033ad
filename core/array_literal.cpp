#include "core/array_literal.hpp"

#include "core/error.hpp"

namespace core {

void append_array_element(std::string& literal, Value value) {
  if (value.is_unchanged()) throw Error{ErrorKind::Bug, "an unchanged value cannot be sent"};
  if (value.is_null()) {
    literal += "NULL";
    return;
  }
  literal += '"';
  std::size_t run = 0;
  for (std::size_t at = 0; at < value.text.size(); ++at) {
    if (value.text[at] != '"' && value.text[at] != '\\') continue;
    literal.append(value.text, run, at - run);
    literal += '\\';
    run = at;
  }
  literal.append(value.text, run);
  literal += '"';
}

std::string array_literal(std::span<const Value> values) {
  std::string literal = "{";
  for (const Value& value : values) {
    if (literal.size() > 1) literal.push_back(',');
    append_array_element(literal, value);
  }
  literal.push_back('}');
  return literal;
}

std::string text_array(std::span<const std::string> texts) { return array_literal(text_values(texts)); }

}  // namespace core
