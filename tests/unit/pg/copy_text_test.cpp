#include "pg/copy_text.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace {

using core::Value;

bool is_protocol_error(const core::Error& error) { return error.kind() == core::ErrorKind::Protocol; }

void expect_refused(std::string_view line, std::size_t columns) {
  BOOST_TEST_INFO("line: " << line);
  BOOST_CHECK_EXCEPTION(pg::decode_copy_line(line, columns), core::Error, is_protocol_error);
}

std::string encode(const std::vector<Value>& values) {
  std::string line;
  for (std::size_t at = 0; at < values.size(); ++at) {
    if (at > 0) line += '\t';
    pg::append_copy_value(line, values[at]);
  }
  return line;
}

BOOST_AUTO_TEST_SUITE(copy_text)

BOOST_AUTO_TEST_CASE(a_line_becomes_a_row_with_or_without_its_newline) {
  for (const std::string_view line : {"1\tfoo\t\\N\n", "1\tfoo\t\\N"}) {
    const core::Row row = pg::decode_copy_line(line, 3);
    BOOST_TEST(row.size() == 3U);
    BOOST_TEST((row[0] == Value::of("1")));
    BOOST_TEST((row[1] == Value::of("foo")));
    BOOST_TEST(row[2].is_null());
  }
}

BOOST_AUTO_TEST_CASE(empty_text_is_not_null) {
  const core::Row row = pg::decode_copy_line("\t\n", 2);
  BOOST_TEST((row[0] == Value::of("")));
  BOOST_TEST((row[1] == Value::of("")));
  BOOST_TEST((pg::decode_copy_line("", 1)[0] == Value::of("")));
}

BOOST_AUTO_TEST_CASE(a_row_without_columns_is_an_empty_line) {
  BOOST_TEST(pg::decode_copy_line("\n", 0).size() == 0U);
  expect_refused("x\n", 0);
}

BOOST_AUTO_TEST_CASE(escape_sequences_become_their_bytes) {
  const core::Row row = pg::decode_copy_line(R"(\b\f\n\r\t\v\\)"
                                             "\ta\\tb\t\\\\N\n",
                                             3);
  BOOST_TEST((row[0] == Value::of("\b\f\n\r\t\v\\")));
  BOOST_TEST((row[1] == Value::of("a\tb")));
  BOOST_TEST((row[2] == Value::of("\\N")));
}

BOOST_AUTO_TEST_CASE(a_null_mark_within_a_value_is_refused) {
  expect_refused("a\\N", 1);
  expect_refused("\\Na", 1);
}

BOOST_AUTO_TEST_CASE(a_line_with_another_number_of_values_is_refused) {
  expect_refused("1\t2\n", 1);
  expect_refused("1\t2\n", 3);
  expect_refused("\n", 2);
}

BOOST_AUTO_TEST_CASE(what_the_server_never_writes_is_refused) {
  expect_refused("\\x41", 1);
  expect_refused("\\101", 1);
  expect_refused("\\.", 1);
  expect_refused("a\\", 1);
  expect_refused("a\\\tb", 2);
  expect_refused("a\nb\n", 1);
  expect_refused("a\n\n", 1);
  expect_refused("a\rb", 1);
  expect_refused(std::string_view{"a\0b", 3}, 1);
}

BOOST_AUTO_TEST_CASE(a_line_cut_at_any_byte_is_a_shorter_row_or_refused_but_never_read_past) {
  const std::string line = "12\ta\\tb\\\\\t\\N\tz\n";
  for (std::size_t length = 0; length + 2 < line.size(); ++length) {
    // A heap copy of exactly this length lets the sanitizers see any read past its end.
    const std::vector<char> cut(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(length));
    const std::string_view text{cut.data(), cut.size()};
    if (length < line.rfind('\t') + 1) {
      expect_refused(text, 4);
    } else {
      BOOST_TEST(pg::decode_copy_line(text, 4).size() == 4U);
    }
  }
}

BOOST_AUTO_TEST_CASE(random_bytes_are_decoded_or_refused) {
  std::mt19937 random{20240229};
  using namespace std::string_view_literals;
  const std::string_view alphabet = "ab\t\t\\\\Nnr\n\r0x.\0"sv;
  std::size_t decoded = 0;
  std::size_t refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<char> bytes(random() % 12);
    for (char& byte : bytes) byte = alphabet[random() % alphabet.size()];
    try {
      const core::Row row = pg::decode_copy_line({bytes.data(), bytes.size()}, 1 + random() % 3);
      BOOST_REQUIRE(!row.empty());
      ++decoded;
    } catch (const core::Error& error) {
      BOOST_REQUIRE(is_protocol_error(error));
      ++refused;
    }
  }
  BOOST_TEST(decoded > 0U);
  BOOST_TEST(refused > 0U);
}

BOOST_AUTO_TEST_CASE(what_is_written_reads_back_the_same) {
  std::mt19937 random{7};
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::string> texts(4);
    for (std::string& text : texts) {
      text.resize(random() % 20);
      for (char& byte : text) byte = static_cast<char>(1 + random() % 255);
    }
    const std::vector<Value> values{Value::of(texts[0]), Value::null(), Value::of(texts[1]), Value::of(texts[2])};
    const core::Row row = pg::decode_copy_line(encode(values), values.size());
    for (std::size_t at = 0; at < values.size(); ++at) BOOST_REQUIRE((row[at] == values[at]));
  }
}

BOOST_AUTO_TEST_CASE(an_unchanged_value_cannot_be_written) {
  std::string line;
  const auto is_bug = [](const core::Error& error) { return error.kind() == core::ErrorKind::Bug; };
  BOOST_CHECK_EXCEPTION(pg::append_copy_value(line, Value::unchanged()), core::Error, is_bug);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
