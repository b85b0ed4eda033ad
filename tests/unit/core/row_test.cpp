#include "core/row.hpp"

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "tests/support/seed.hpp"

using core::Row;
using core::Value;

namespace {

Row sample() {
  const std::vector<Value> values{Value::of("one"), Value::null(), Value::unchanged(), Value::of(""),
                                  Value::of(std::string_view{"a\0b", 3})};
  return core::make_row(values);
}

bool is_kind(const core::Error& error, core::ErrorKind kind) { return error.kind() == kind; }

}  // namespace

BOOST_AUTO_TEST_SUITE(rows)

BOOST_AUTO_TEST_CASE(a_row_gives_back_what_was_put_in) {
  const Row row = sample();
  BOOST_TEST(row.size() == 5U);
  BOOST_TEST(row[0].text == "one");
  BOOST_TEST(row[1].is_null());
  BOOST_TEST(row[2].is_unchanged());
  BOOST_TEST((row[3] == Value::of("")));  // empty is not NULL
  BOOST_TEST((row[4] == Value::of(std::string_view{"a\0b", 3})));
  BOOST_TEST(row.has_unchanged());
  BOOST_TEST(!core::make_row(std::vector<Value>{Value::null()}).has_unchanged());
}

BOOST_AUTO_TEST_CASE(rows_without_columns_and_no_row_are_both_possible) {
  BOOST_TEST(Row{}.empty());
  BOOST_TEST(Row{}.size() == 0U);
  BOOST_TEST(!Row{}.has_unchanged());
  BOOST_TEST(core::make_row({}).size() == 0U);
  BOOST_TEST(Row::from_bytes("").empty());
}

BOOST_AUTO_TEST_CASE(stored_bytes_are_the_row) {
  const Row row = sample();
  BOOST_TEST((Row::from_bytes(row.bytes()) == row));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_cut_anywhere_are_damaged) {
  const std::string bytes = sample().bytes();
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    BOOST_CHECK_EXCEPTION(static_cast<void>(Row::from_bytes(bytes.substr(0, size))), core::Error,
                          [](const auto& e) { return is_kind(e, core::ErrorKind::State); });
  }
  BOOST_CHECK_EXCEPTION(static_cast<void>(Row::from_bytes(bytes + "x")), core::Error,
                        [](const auto& e) { return is_kind(e, core::ErrorKind::State); });
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_is_found_or_stays_inside_the_row) {
  const std::string bytes = sample().bytes();
  int refused = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    try {
      const Row row = Row::from_bytes(std::move(damaged));
      std::size_t total = 0;
      for (std::size_t column = 0; column < row.size(); ++column) total += row[column].text.size();
      BOOST_TEST(total <= row.bytes().size());
    } catch (const core::Error& error) {
      BOOST_TEST(is_kind(error, core::ErrorKind::State));
      ++refused;
    }
  }
  BOOST_TEST(refused > 100);
}

BOOST_AUTO_TEST_CASE(offsets_that_go_back_are_damaged) {
  std::string bytes = core::make_row(std::vector<Value>{Value::of("abc"), Value::of("def")}).bytes();
  bytes[2] = 7;  // the first value ends past the second
  BOOST_CHECK_EXCEPTION(static_cast<void>(Row::from_bytes(bytes)), core::Error,
                        [](const auto& e) { return is_kind(e, core::ErrorKind::State); });
}

BOOST_AUTO_TEST_CASE(random_rows_come_back) {
  std::mt19937_64 random{tests::seed()};
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> texts(random() % 40);
    std::vector<Value> values;
    for (std::string& text : texts) {
      text.resize(random() % 3 == 0 ? random() % 300 : random() % 4);
      for (char& c : text) c = static_cast<char>(random());
      values.push_back(random() % 4 == 0 ? Value::null() : random() % 9 == 0 ? Value::unchanged() : Value::of(text));
    }
    const Row row = Row::from_bytes(core::make_row(values).bytes());
    BOOST_REQUIRE(row.size() == values.size());
    for (std::size_t i = 0; i < values.size(); ++i) BOOST_REQUIRE((row[i] == values[i]));
  }
}

BOOST_AUTO_TEST_CASE(a_builder_takes_exactly_the_announced_number_of_values) {
  core::RowBuilder builder{2};
  builder.add_text("a");
  core::RowBuilder short_one = builder;
  BOOST_CHECK_EXCEPTION(static_cast<void>(std::move(short_one).finish()), core::Error,
                        [](const auto& e) { return is_kind(e, core::ErrorKind::Bug); });
  builder.add_null();
  BOOST_CHECK_EXCEPTION(builder.add_null(), core::Error,
                        [](const auto& e) { return is_kind(e, core::ErrorKind::Bug); });
  BOOST_TEST(std::move(builder).finish().size() == 2U);
  BOOST_CHECK_EXCEPTION(core::RowBuilder{65536}, core::Error,
                        [](const auto& e) { return is_kind(e, core::ErrorKind::Bug); });
  BOOST_CHECK_NO_THROW(core::RowBuilder{65535});
}

BOOST_AUTO_TEST_CASE(unchanged_values_are_taken_from_the_old_row_and_nothing_else_is) {
  const Row old =
      core::make_row(std::vector<Value>{Value::of("old0"), Value::of("old1"), Value::null(), Value::unchanged()});
  const Row sent =
      core::make_row(std::vector<Value>{Value::of("new0"), Value::unchanged(), Value::unchanged(), Value::unchanged()});
  const Row filled = core::fill_unchanged(sent, old);
  BOOST_TEST(filled[0].text == "new0");
  BOOST_TEST(filled[1].text == "old1");
  BOOST_TEST(filled[2].is_null());
  BOOST_TEST(filled[3].is_unchanged());
  // An old row of fewer columns leaves the rest as it is.
  BOOST_TEST(core::fill_unchanged(sent, core::make_row(std::vector<Value>{Value::of("x")}))[1].is_unchanged());
}

BOOST_AUTO_TEST_SUITE_END()
