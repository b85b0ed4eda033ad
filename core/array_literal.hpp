#pragma once

#include <span>
#include <string>

#include "core/value.hpp"

namespace core {

/// Appends one element of an array literal: quoted and escaped as the array input function of PostgreSQL wants it; NULL unquoted.
void append_array_element(std::string& literal, Value value);

/// `{"a","b",NULL}`: the text[] literal of these values.
[[nodiscard]] std::string array_literal(std::span<const Value> values);
[[nodiscard]] std::string text_array(std::span<const std::string> texts);

}  // namespace core
