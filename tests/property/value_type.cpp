#include "tests/property/value_type.hpp"

namespace tests {

namespace {

std::string one_of(Random& random, const std::vector<std::string>& values) { return sql_literal(random.pick(values)); }

std::string digits(Random& random, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text.push_back(static_cast<char>('0' + random.below(10)));
  return text;
}

std::string hex(Random& random, std::size_t bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < 2 * bytes; ++i) text.push_back(kDigits[random.below(16)]);
  return text;
}

std::string bits(Random& random, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text.push_back(random.chance(50) ? '1' : '0');
  return text;
}

std::string numeric(Random& random) {
  switch (random.below(4)) {
    case 0: return one_of(random, {"NaN", "Infinity", "-Infinity", "0", "-0.000", "1e-20", "1.50", "1.5"});
    case 1: return sql_literal(digits(random, 500) + "." + digits(random, 500));
    default:
      return sql_literal((random.chance(50) ? "-" : "") + digits(random, 1 + random.below(20)) + "." +
                         digits(random, 1 + random.below(6)));
  }
}

std::string floating(Random& random) {
  if (random.chance(50))
    return one_of(random,
                  {"NaN", "Infinity", "-Infinity", "0", "-0", "1e-37", "0.1", "3.4028235e38", "1.17549435e-38"});
  return sql_literal("0." + digits(random, 17));
}

std::string large_text(Random& random) {
  const std::string word = "md5('" + digits(random, 6) + "')";
  if (random.chance(3)) return "repeat(" + word + ", 32768)";  // a megabyte
  switch (random.below(8)) {
    case 1: return "repeat(E'\\\\\\t\\'\\n' || " + word + ", 3000)";
    case 2: return "''";
    default: return "repeat(" + word + ", " + std::to_string(80 + random.below(300)) + ")";
  }
}

std::string interval(Random& random) {
  return one_of(random, {"1 year -2 mons +3 days -04:05:06.789", "-1 year", "0", "178000000 years", "-00:00:00.000001",
                         "1 mon -1 day", "-1 mon +1 day", "24:00:00", "1 day", "-1 day -24:00:00", "100:59:59.999999"});
}

std::string json(Random& random) {
  return one_of(random,
                {R"({"b": 1, "a":2,  "b":3})", "[]", "{}", "null", R"("\ud83d\ude00")", "9007199254740993",
                 R"({"x":"tab\tquote\"back\\"})", "1.00", "[1, [2, {\"k\": null}]]", "\"\"", R"({"": [true, false]})"});
}

std::vector<ValueType> make_types() {
  std::vector<ValueType> types;
  const auto add = [&](const char* type, std::string (*value)(Random&)) {
    types.push_back({type, type, "", false, value});
  };
  const auto as = [&](const char* type, const char* target, const char* cast, std::string (*value)(Random&)) {
    types.push_back({type, target, cast, false, value});
  };
  add("smallint", [](Random& r) { return one_of(r, {"0", "-32768", "32767", "7"}); });
  add("integer", [](Random& r) { return one_of(r, {"0", "-2147483648", "2147483647", "42"}); });
  add("bigint", [](Random& r) {
    return one_of(r, {"0", "-9223372036854775808", "9223372036854775807", "9007199254740993"});
  });
  add("numeric", numeric);
  add("numeric(12,3)", [](Random& r) { return sql_literal(digits(r, 9) + "." + digits(r, 3)); });
  add("real", floating);
  add("double precision", floating);
  add("text", random_text);
  add("varchar(20)", [](Random& r) { return "left(" + random_text(r) + ", 20)"; });
  add("char(7)", [](Random& r) { return one_of(r, {"", "a", "a      ", "seven77", " x", "é\\\t"}); });
  add("bytea", [](Random& r) { return sql_literal("\\x" + hex(r, r.below(40))); });
  add("boolean", [](Random& r) { return one_of(r, {"t", "f"}); });
  add("date", [](Random& r) {
    return one_of(
        r, {"infinity", "-infinity", "0044-03-15 BC", "4713-01-01 BC", "12345-06-07", "5874897-12-31", "2024-02-29"});
  });
  add("timestamp", [](Random& r) {
    return one_of(r, {"infinity", "-infinity", "0001-01-01 00:00:00 BC", "294276-12-31 23:59:59.999999",
                      "2024-03-31 02:30:00", "1999-12-31 23:59:60"});
  });
  add("timestamptz", [](Random& r) {
    return one_of(r, {"infinity", "-infinity", "4713-01-01 00:00:00+00 BC", "10000-01-01 00:00:00+00",
                      "2024-03-31 02:30:00.000001+02", "1883-11-18 12:03:58-04:56:02"});
  });
  add("timestamptz(3)", [](Random& r) { return one_of(r, {"2024-03-31 02:30:00.123+02", "infinity"}); });
  add("time", [](Random& r) { return one_of(r, {"00:00", "24:00:00", "23:59:59.999999"}); });
  add("timetz", [](Random& r) { return one_of(r, {"24:00:00+15:59", "00:00-15:59:59", "12:00:00.5+02"}); });
  add("interval", interval);
  add("uuid", [](Random& r) {
    const std::string h = hex(r, 16);
    return sql_literal(h);
  });
  add("json", json);
  add("jsonb", json);
  add("integer[]", [](Random& r) {
    return one_of(r, {"{}", "{1,NULL,-3}", "{{1,2},{3,NULL}}", "[5:6]={1,2}", "[-1:0][2:3]={{1,2},{3,4}}", "{NULL}"});
  });
  add("text[]", [](Random& r) {
    return one_of(r, {"{}", "{\"\"}", "{NULL,\"NULL\",null}", R"({"a,b","c\"d","e\\f","{g}"," h "})", "[0:1]={x,y}",
                      "{{a,b},{c,d}}", "{\"tab\there\",\"new\nline\"}"});
  });
  add("numeric[]", [](Random& r) { return one_of(r, {"{NaN,1.50,-0.0}", "{}", "{1e100}"}); });
  add("inet", [](Random& r) { return one_of(r, {"10.1.2.3/8", "::1", "fe80::1/64", "0.0.0.0"}); });
  add("cidr", [](Random& r) { return one_of(r, {"10.0.0.0/8", "2001:db8::/32"}); });
  add("macaddr", [](Random& r) { return sql_literal(hex(r, 6)); });
  add("bit(5)", [](Random& r) { return "B'" + bits(r, 5) + "'"; });
  add("varbit", [](Random& r) { return "B'" + bits(r, r.below(70)) + "'"; });
  add("int4range", [](Random& r) { return one_of(r, {"empty", "[1,5)", "(,)", "[,3]", "[-2147483648,7)"}); });
  add("tstzrange", [](Random& r) {
    return one_of(r, {"empty", "[2024-01-01 00:00:00+00,infinity]", "(,\"0044-03-15 12:00:00+00 BC\")"});
  });
  add("tsvector", [](Random& r) { return one_of(r, {"", "'quo''ted':1A,2B fat:3", "'a b' c"}); });
  add("point", [](Random& r) { return one_of(r, {"(0,-0)", "(NaN,Infinity)", "(0.1,1e-300)"}); });
  add("xml", [](Random& r) { return one_of(r, {"<a b=\"c\">&amp; d</a>", "plain", "<x/>"}); });
  as("legacy.mood", "text", "::text", [](Random& r) { return one_of(r, {"sad", "o'k", "very \"happy\"", "NULL"}); });
  as("legacy.short_text", "varchar(9)", "", [](Random& r) { return one_of(r, {"", "nine four", "\\N"}); });
  as("legacy.even", "integer", "", [](Random& r) { return one_of(r, {"0", "-2", "2147483646"}); });
  as("legacy.pair", "text", "::text", [](Random& r) {
    return one_of(r, {"(1,\"a,b\")", "(,)", "(3,\"q\"\"\\\\x\")"});
  });
  types.push_back({"text", "text", "", true, large_text});
  types.push_back(
      {"jsonb", "jsonb", "", true, [](Random& r) { return "jsonb_build_object('k', " + large_text(r) + ")"; }});
  types.push_back({"text[]", "text[]", "", true, [](Random& r) { return "ARRAY[" + large_text(r) + ", NULL]"; }});
  types.push_back({"bytea", "bytea", "", true, [](Random& r) { return "convert_to(" + large_text(r) + ", 'UTF8')"; }});
  return types;
}

}  // namespace

const std::vector<ValueType>& value_types() {
  static const std::vector<ValueType> types = make_types();
  return types;
}

std::string_view value_types_sql() {
  return R"sql(
CREATE TYPE legacy.mood AS ENUM ('sad', 'o''k', 'very "happy"', 'NULL');
CREATE DOMAIN legacy.short_text AS varchar(9);
CREATE DOMAIN legacy.even AS integer CHECK (VALUE % 2 = 0);
CREATE TYPE legacy.pair AS (number integer, name text);
)sql";
}

std::string sql_literal(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\'') literal.push_back('\'');
    literal.push_back(c);
  }
  literal.push_back('\'');
  return literal;
}

std::string random_text(Random& random) {
  static const std::vector<std::string> pieces = {
      "",    "'",   "''",           "\"",   "\\",      "\\\\",   "\t", "\n", "\r",
      "\\.", "\\N", "NULL",         "{}",   "{\"a\"}", ",",      "a",  "Z",  " ",
      "é",   "ß",   "日本",         "😀",    "\u0301",  "\u00a0", "%s", "$1", "--",
      "/*",  "x",   "ref('e0', k)", "\x01", "\x7f",    "|",      ";",  "\v"};
  std::string text;
  for (std::size_t count = random.below(7); count > 0; --count) text += random.pick(pieces);
  return sql_literal(text);
}

}  // namespace tests
