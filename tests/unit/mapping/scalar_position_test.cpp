#include "mapping/scalar_position.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "mapping/yaml_source.hpp"
#include "tests/unit/mapping/shop.hpp"

namespace {

// Line:column of the first `word` inside the `where` that is written as `yaml`, which begins at line 3 after "a: ".
std::string position_of(const std::string& yaml, const std::string& word) {
  const std::string text =
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\nroutes:\n  - from: a\n    to: b\n"
      "    columns: {}\n    where: " +
      yaml + "\n";
  const mapping::MappingFile file = mapping::parse_mapping("mapping.yaml", text);
  const mapping::Scalar& where = *file.routes.front().where;
  const mapping::SourcePosition at = mapping::position_in(file.text, where, where.text.find(word));
  return std::to_string(at.line) + ":" + std::to_string(at.column);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scalar_position)

BOOST_AUTO_TEST_CASE(it_is_exact_in_every_style_of_scalar) {
  BOOST_TEST(position_of("a = here", "here") == "7:16");
  BOOST_TEST(position_of("'it''s here'", "here") == "7:19");
  BOOST_TEST(position_of("\"a\\\\b \\u00e4 \\\"here\\\"\"", "here") == "7:27");
  BOOST_TEST(position_of("\"a\n      b\n\n      here\"", "here") == "10:7");
  BOOST_TEST(position_of("a =\n      b and\n      here", "here") == "9:7");
  BOOST_TEST(position_of("|\n      a =\n        here", "here") == "9:9");
}

BOOST_AUTO_TEST_CASE(a_folded_block_is_reported_where_it_begins) {
  BOOST_TEST(position_of(">\n      a =\n      here", "here") == "7:12");
}

BOOST_AUTO_TEST_SUITE_END()
