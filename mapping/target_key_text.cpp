#include "mapping/target_key_text.hpp"

#include <optional>

namespace mapping {

namespace {

constexpr std::string_view kText = "::pg_catalog.text";
constexpr std::string_view kFolded = ".\"citext\"";

/// The schema of citext, quoted; nothing when the type is another. As an extension it may be anywhere.
std::optional<std::string_view> schema_of_citext(std::string_view type) {
  if (!type.ends_with(kFolded)) return std::nullopt;
  return type.substr(0, type.size() - kFolded.size());
}

/// A value that equals `value` and is the same for all that do.
std::optional<std::string> evened_out(std::string_view type, const std::string& value) {
  if (type == R"(pg_catalog."numeric")") return "pg_catalog.trim_scale(" + value + ")";
  if (type == R"(pg_catalog."interval")") return "pg_catalog.justify_interval(" + value + ")";
  if (type == R"(pg_catalog."float4")" || type == R"(pg_catalog."float8")")
    return "(" + value + " OPERATOR(pg_catalog.+) '0'::" + std::string{type} + ")";  // -0 becomes 0
  if (type == R"(pg_catalog."bpchar")")
    return "(" + value + ")";  // its cast to text drops the blanks that do not count
  if (schema_of_citext(type))
    return "pg_catalog.lower((" + value + ")" + std::string{kText} +
           " COLLATE pg_catalog.\"default\")";  // as citext compares
  return std::nullopt;
}

}  // namespace

std::string target_key_text(std::string_view type, const std::string& value) {
  return evened_out(type, value).value_or("(" + value + ")") + std::string{kText};
}

bool evens_out(std::string_view type) { return evened_out(type, "").has_value(); }

bool is_printed_as_key(std::string_view type) {
  // Their casts to text read differently from what is printed: true, 10.0.0.1/32.
  const bool is_cast = type == R"(pg_catalog."bool")" || type == R"(pg_catalog."inet")";
  return !is_cast && !evens_out(type);
}

std::string equal_keys(std::string_view type, const std::string& left, const std::string& right) {
  const auto schema = schema_of_citext(type);
  // With a bare `=` that is not on the search path PostgreSQL would compare them as texts, letter by letter.
  return left + (schema ? " OPERATOR(" + std::string{*schema} + ".=) " : " = ") + right;
}

}  // namespace mapping
