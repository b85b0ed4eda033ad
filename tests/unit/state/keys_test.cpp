#include "state/keys.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <limits>
#include <random>

#include "core/error.hpp"
#include "state/record.hpp"
#include "state/stored_row.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/state/fixture.hpp"

namespace state {

using namespace tests;

namespace {

std::string random_text(std::mt19937_64& random) {
  // Few letters, the zero and the highest byte among them: prefixes of each other and escapes are what could go wrong.
  const std::string letters{'\0', '\x01', 'a', 'b', '\xFF'};
  std::string text;
  for (std::size_t size = random() % 5; size > 0; --size) text.push_back(letters[random() % letters.size()]);
  return text;
}

std::int64_t random_number(std::mt19937_64& random) {
  const std::int64_t numbers[] = {
      0, 1, -1, 255, 256, -256, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()};
  return random() % 2 == 0 ? numbers[random() % std::size(numbers)] : static_cast<std::int64_t>(random());
}

}  // namespace

BOOST_AUTO_TEST_CASE(encoded_row_keys_sort_like_their_table_and_number) {
  std::mt19937_64 random{seed()};
  for (int i = 0; i < 20'000; ++i) {
    const std::pair a{core::TableId{static_cast<std::uint16_t>(random() % 600)}, random_number(random)};
    const std::pair b{core::TableId{static_cast<std::uint16_t>(random() % 600)}, random_number(random)};
    BOOST_REQUIRE_EQUAL(row_store_key(a.first, number(a.second)) < row_store_key(b.first, number(b.second)), a < b);
  }
}

BOOST_AUTO_TEST_CASE(encoded_index_entries_and_pairs_sort_like_their_parts) {
  std::mt19937_64 random{seed()};
  const auto as_bytes = [](const std::string& text) { return std::vector<unsigned char>{text.begin(), text.end()}; };
  for (int i = 0; i < 20'000; ++i) {
    const std::string text_a = random_text(random);
    const std::string text_b = random_text(random);
    const std::int64_t number_a = random_number(random);
    const std::int64_t number_b = random_number(random);
    const bool is_less = std::pair{as_bytes(text_a), number_a} < std::pair{as_bytes(text_b), number_b};
    const core::IndexId index{3};
    const core::RouteId route{4};
    BOOST_REQUIRE_EQUAL(
        index_entry(index, text(text_a), number(number_a)) < index_entry(index, text(text_b), number(number_b)),
        is_less);
    BOOST_REQUIRE_EQUAL(pair_entry(route, text_a, number(number_a)) < pair_entry(route, text_b, number(number_b)),
                        is_less);
  }
}

BOOST_AUTO_TEST_CASE(no_key_of_other_values_begins_with_a_prefix) {
  std::mt19937_64 random{seed()};
  for (int i = 0; i < 20'000; ++i) {
    const std::string a = random_text(random);
    const std::string b = random_text(random);
    if (a == b) continue;
    BOOST_REQUIRE(!index_entry({}, text(b), number(1)).starts_with(index_prefix({}, text(a))));
    BOOST_REQUIRE(!pair_entry({}, b, number(1)).starts_with(pair_prefix({}, a)));
    BOOST_REQUIRE(!adopted_ids_prefix(b, 0).starts_with(adopted_entity_prefix(a)));
  }
}

BOOST_AUTO_TEST_CASE(the_end_of_a_prefix_is_behind_its_keys_and_before_the_next) {
  BOOST_TEST(prefix_end("ab") == "ac");
  BOOST_TEST(prefix_end("a\xFF") == "b");
  BOOST_TEST(prefix_end("\xFF\xFF") == past_everything());
  const std::string last_table = row_store_key(core::TableId{0xFFFF}, number(std::numeric_limits<std::int64_t>::max()));
  BOOST_TEST((last_table < past_everything()));
  BOOST_TEST((last_table < prefix_end(table_prefix(core::TableId{0xFFFF}))));
}

BOOST_AUTO_TEST_CASE(the_first_column_of_an_index_entry_ends_where_its_value_ends) {
  const core::IndexId index{1};
  const std::string with_zero{"a\0b", 3};
  BOOST_TEST(first_column_prefix_size(index_entry(index, number(5), text("x"))).value() == 2 + 9U);
  BOOST_TEST(first_column_prefix_size(index_entry(index, text(with_zero), number(1))).value() ==
             index_prefix(index, text(with_zero)).size());
  BOOST_TEST(first_column_prefix_size(index_entry(index, {std::string(1, '\0')}, number(1))).value() == 3U);
  BOOST_TEST(!first_column_prefix_size("ab").has_value());
  BOOST_TEST(!first_column_prefix_size(std::string{"ab\x02unfinished"}).has_value());
}

BOOST_AUTO_TEST_CASE(a_stored_row_comes_back_as_it_was) {
  const StoredRow row{.statuses = {core::RowStatus::Applied, core::RowStatus::None, core::RowStatus::Quarantined},
                      .target_keys = {"", std::string(300, 'k'), "1,2"},
                      .image = row_of({"1", "", "three"})};
  const StoredRow back = decode_stored_row(encode_stored_row(row));
  BOOST_TEST((back.statuses == row.statuses));
  BOOST_TEST(back.target_keys == row.target_keys, boost::test_tools::per_element());
  BOOST_TEST((back.image == row.image));
}

BOOST_AUTO_TEST_CASE(every_shortened_stored_row_is_refused) {
  const std::string bytes = encode_stored_row(
      {.statuses = {core::RowStatus::Applied}, .target_keys = {"key"}, .image = row_of({"1", "two"})});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    // Without any byte of the image it reads as an empty one, which is a row too.
    if (size == bytes.size() - row_of({"1", "two"}).bytes().size()) continue;
    BOOST_CHECK_THROW(static_cast<void>(decode_stored_row(std::string_view{bytes}.substr(0, size))), core::Error);
  }
  std::string unknown_status = bytes;
  unknown_status[1] = '\x05';
  BOOST_CHECK_THROW(static_cast<void>(decode_stored_row(unknown_status)), core::Error);
}

BOOST_AUTO_TEST_CASE(a_record_must_be_read_to_its_end_and_not_beyond) {
  std::string bytes;
  append_u16(bytes, 258);
  append_text(bytes, "text");
  RecordCursor cursor{bytes};
  BOOST_TEST(cursor.u16() == 258);
  BOOST_CHECK_THROW(cursor.expect_end(), core::Error);
  BOOST_TEST(cursor.text() == "text");
  cursor.expect_end();
  BOOST_CHECK_THROW(cursor.u8(), core::Error);
}

}  // namespace state
