#include "core/row_key.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "tests/support/seed.hpp"

using core::KeyType;
using core::RowKey;
using core::Value;

namespace {

using Types = std::vector<KeyType>;

RowKey key_of(const Types& types, const std::vector<std::string>& texts) {
  std::vector<Value> values;
  for (const std::string& text : texts) values.push_back(Value::of(text));
  return core::encode_key(types, values);
}

const Types kInteger{KeyType::Integer};
const Types kText{KeyType::Text};

auto is_kind(core::ErrorKind kind) {
  return [kind](const core::Error& error) { return error.kind() == kind; };
}

std::string random_bytes(std::mt19937_64& random) {
  // Few different bytes, those that are escaped among them, so that prefixes and ties are common.
  static const std::string alphabet{
      "\0\xFF\x01\x02"
      "ab",
      6};
  std::string text;
  for (std::size_t size = random() % 6; size > 0; --size) text.push_back(alphabet[random() % alphabet.size()]);
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(row_keys)

BOOST_AUTO_TEST_CASE(integers_sort_as_numbers) {
  std::mt19937_64 random{tests::seed()};
  std::vector<std::int64_t> numbers{
      0,   1,    -1,  std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), 255,
      256, -256, -255};
  for (int i = 0; i < 300; ++i) numbers.push_back(static_cast<std::int64_t>(random()) >> (random() % 60));
  for (const std::int64_t a : numbers) {
    for (const std::int64_t b : numbers) {
      const bool is_below = key_of(kInteger, {std::to_string(a)}) < key_of(kInteger, {std::to_string(b)});
      BOOST_REQUIRE(is_below == (a < b));
    }
  }
}

BOOST_AUTO_TEST_CASE(texts_sort_as_their_bytes) {
  std::mt19937_64 random{tests::seed()};
  std::vector<std::string> texts{"", "a", "aa", "ab", "é", "z", "Z", "10", "9"};
  for (int i = 0; i < 200; ++i) texts.push_back(random_bytes(random));
  for (const std::string& a : texts) {
    for (const std::string& b : texts) BOOST_REQUIRE((key_of(kText, {a}) < key_of(kText, {b})) == (a < b));
  }
}

BOOST_AUTO_TEST_CASE(composite_keys_sort_column_by_column) {
  std::mt19937_64 random{tests::seed()};
  const Types types{KeyType::Text, KeyType::Integer, KeyType::Text};
  struct Tuple {
    std::string first;
    std::int64_t second;
    std::string third;
    auto operator<=>(const Tuple&) const = default;
  };
  std::vector<Tuple> tuples;
  for (int i = 0; i < 200; ++i)
    tuples.push_back({random_bytes(random), static_cast<std::int64_t>(random() % 5) - 2, random_bytes(random)});
  const auto encode = [&](const Tuple& t) { return key_of(types, {t.first, std::to_string(t.second), t.third}); };
  for (const Tuple& a : tuples) {
    for (const Tuple& b : tuples) {
      BOOST_REQUIRE((encode(a) < encode(b)) == (a < b));
      BOOST_REQUIRE((encode(a) == encode(b)) == (a == b));
    }
  }
}

BOOST_AUTO_TEST_CASE(null_sorts_first_and_differs_from_the_empty_text) {
  const Value null = Value::null();
  const RowKey key = core::encode_key(kText, {&null, 1});
  BOOST_TEST((key < key_of(kText, {""})));
  BOOST_TEST((core::encode_key(kInteger, {&null, 1}) < key_of(kInteger, {"-9223372036854775808"})));
  BOOST_TEST(core::key_text(key).empty());
}

BOOST_AUTO_TEST_CASE(a_key_gives_back_its_values) {
  std::mt19937_64 random{tests::seed()};
  const Types types{KeyType::Integer, KeyType::Text};
  for (int i = 0; i < 300; ++i) {
    const std::vector<std::string> values{std::to_string(static_cast<std::int64_t>(random())), random_bytes(random)};
    BOOST_REQUIRE(core::key_values(key_of(types, values)) == values);
  }
  BOOST_TEST(core::key_text(key_of(types, {"-3", "a,b"})) == "-3,a,b");
}

BOOST_AUTO_TEST_CASE(an_integer_is_the_same_key_however_it_is_spelt) {
  BOOST_TEST((key_of(kInteger, {"007"}) == key_of(kInteger, {"7"})));
  BOOST_TEST(core::key_text(key_of(kInteger, {"-0"})) == "0");
}

BOOST_AUTO_TEST_CASE(what_is_no_integer_is_an_error_of_the_row) {
  for (const char* text : {"", "x", "1.0", "1 ", " 1", "9223372036854775808", "-9223372036854775809", "0x1"}) {
    BOOST_CHECK_EXCEPTION(static_cast<void>(key_of(kInteger, {text})), core::Error, is_kind(core::ErrorKind::Data));
  }
}

BOOST_AUTO_TEST_CASE(a_value_that_was_not_sent_is_no_key) {
  const Value unchanged = Value::unchanged();
  BOOST_CHECK_EXCEPTION(static_cast<void>(core::encode_key(kText, {&unchanged, 1})), core::Error,
                        is_kind(core::ErrorKind::Data));
  BOOST_CHECK_EXCEPTION(static_cast<void>(core::encode_key(kText, {})), core::Error, is_kind(core::ErrorKind::Bug));
}

BOOST_AUTO_TEST_CASE(damaged_keys_are_found_wherever_they_are_cut) {
  const std::string bytes = key_of({KeyType::Integer, KeyType::Text}, {"4711", "text"}).bytes;
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    if (size == 9) continue;  // exactly the first column: a whole key of one
    BOOST_CHECK_EXCEPTION(static_cast<void>(core::key_values({bytes.substr(0, size)})), core::Error,
                          is_kind(core::ErrorKind::State));
  }
  BOOST_CHECK_EXCEPTION(static_cast<void>(core::key_values({"\x07"})), core::Error, is_kind(core::ErrorKind::State));
}

BOOST_AUTO_TEST_CASE(an_operator_types_a_key_as_messages_show_it) {
  const Types pair{KeyType::Integer, KeyType::Integer};
  BOOST_TEST((core::parse_key(kInteger, "4711") == key_of(kInteger, {"4711"})));
  BOOST_TEST((core::parse_key(pair, "3,14") == key_of(pair, {"3", "14"})));
  BOOST_TEST((core::parse_key(kText, "a,b") == key_of(kText, {"a,b"})));
  BOOST_TEST((core::parse_key({{KeyType::Integer, KeyType::Text}}, "3,a,b") ==
              key_of({KeyType::Integer, KeyType::Text}, {"3", "a,b"})));
  BOOST_TEST((core::parse_key(kText, "") == key_of(kText, {""})));
}

BOOST_AUTO_TEST_CASE(a_key_that_does_not_fit_is_wrong_usage) {
  const Types pair{KeyType::Integer, KeyType::Integer};
  for (const char* text : {"", "3", "3,", ",3", "3,x", "3,14,15", "3;14"}) {
    BOOST_CHECK_EXCEPTION(static_cast<void>(core::parse_key(pair, text)), core::Error, is_kind(core::ErrorKind::Usage));
  }
  BOOST_CHECK_EXCEPTION(static_cast<void>(core::parse_key(kInteger, "3,14")), core::Error,
                        is_kind(core::ErrorKind::Usage));
}

// reliability 112
BOOST_AUTO_TEST_CASE(a_key_that_is_no_utf8_has_a_text_that_is_read_back) {
  const Types two{KeyType::Text, KeyType::Integer};
  const std::string mark = "\xEF\xBF\xBD";
  BOOST_TEST(core::key_text(key_of(two, {"caf\xE9", "3"})) == mark + "636166e9,3");
  for (const std::string value :
       {"caf\xE9", "\x81,", "\\x81", "caf\xC3\xA9", "\xEF\xBF\xBD", "\xEF\xBF\xBD\x65\x39", ""}) {
    const RowKey key = key_of(kText, {value});
    BOOST_TEST((core::parse_key(kText, core::key_text(key)) == key));
  }
  BOOST_CHECK_EXCEPTION(core::parse_key(kText, mark + "6g"), core::Error, is_kind(core::ErrorKind::Usage));
  BOOST_CHECK_EXCEPTION(core::parse_key(kText, mark + "616"), core::Error, is_kind(core::ErrorKind::Usage));
}

BOOST_AUTO_TEST_SUITE_END()
