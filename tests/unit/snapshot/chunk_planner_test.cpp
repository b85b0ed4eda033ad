#include "snapshot/chunk_planner.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using core::KeyType;

core::RowKey key_of(const std::vector<KeyType>& types, const std::vector<std::string>& texts) {
  std::vector<core::Value> values;
  for (const std::string& text : texts) values.push_back(core::Value::of(text));
  return core::encode_key(types, values);
}

const snapshot::TableShape kNumbered{core::TableId{0},   {"public", "t"}, {"id", "name"},
                                     {KeyType::Integer}, {false},         true};
const snapshot::TableShape kNamed{core::TableId{0},
                                  {"public", "t"},
                                  {"order", "Na\"me", "x"},
                                  {KeyType::Integer, KeyType::Text},
                                  {false, true},
                                  true};

}  // namespace

BOOST_AUTO_TEST_SUITE(range_conditions)

BOOST_AUTO_TEST_CASE(a_chunk_without_bounds_takes_every_row) {
  BOOST_TEST(snapshot::range_condition(kNumbered, {}).empty());
}

BOOST_AUTO_TEST_CASE(the_first_key_is_in_the_chunk_and_the_next_chunks_first_is_not) {
  state::Chunk chunk;
  chunk.begin = key_of(kNumbered.key_types, {"-5"});
  BOOST_TEST(snapshot::range_condition(kNumbered, chunk) == " WHERE (\"id\") >= ('-5')");
  chunk.end = key_of(kNumbered.key_types, {"7"});
  BOOST_TEST(snapshot::range_condition(kNumbered, chunk) == " WHERE (\"id\") >= ('-5') AND (\"id\") < ('7')");
  chunk.begin = {};
  BOOST_TEST(snapshot::range_condition(kNumbered, chunk) == " WHERE (\"id\") < ('7')");
}

BOOST_AUTO_TEST_CASE(composite_keys_compare_as_rows_and_texts_by_their_bytes) {
  state::Chunk chunk;
  chunk.begin = key_of(kNamed.key_types, {"3", "it's, \\ odd"});
  BOOST_TEST(snapshot::range_condition(kNamed, chunk) ==
             " WHERE (\"order\", \"Na\"\"me\" COLLATE \"C\") >= ('3', 'it''s, \\ odd')");
}

BOOST_AUTO_TEST_SUITE_END()
