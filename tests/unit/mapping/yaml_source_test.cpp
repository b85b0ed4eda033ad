#include "mapping/yaml_source.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "core/error.hpp"

namespace {

constexpr const char* kHead = "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\n";
constexpr const char* kRoute = "routes:\n  - { from: a, to: b, columns: { x: y } }\n";

// `line:column message; remedy` of the error, or nothing.
std::string error_of(const std::string& text) {
  try {
    (void)mapping::parse_mapping("mapping.yaml", text);
  } catch (const core::Error& error) {
    BOOST_TEST((error.kind() == core::ErrorKind::Mapping));
    BOOST_TEST(error.context("file") == "mapping.yaml");
    return std::string(error.context("line")) + ":" + std::string(error.context("column")) + " " + error.message() +
           "; " + error.remedy();
  }
  return {};
}

std::string route_error(const std::string& route) {
  return error_of(std::string(kHead) + "routes:\n  - " + route + "\n");
}

bool begins_with(const std::string& text, const std::string& start) { return text.rfind(start, 0) == 0; }

}  // namespace

BOOST_AUTO_TEST_SUITE(yaml_source)

BOOST_AUTO_TEST_CASE(a_full_route_is_read_with_its_positions) {
  const mapping::MappingFile file = mapping::parse_mapping(
      "m.yaml", std::string(kHead) +
                    "tables: [a*, s.b]\nignore: { c: why }\nentities: { e: { adopt: SELECT 1 }, f: }\nroutes:\n"
                    "  - name: n\n    from: a\n    to: b\n    entity: e\n    key: [k, l]\n    id: u\n"
                    "    join: { j: { from: t, on: { x: y }, many: true, static: true } }\n    where: NOT deleted\n"
                    "    columns:\n      x: valid\n      y: { expr: \"ref('e', k, l)\", missing: \"null\" }\n"
                    "    on_delete: { set: { gone: 'true' } }\n    on_truncate: stop\n    owns: all\n"
                    "reconcile: [{ name: r, source: SELECT 1, target: SELECT 2 }]\n"
                    "settle: { keep_disabled: [t.x] }\ncleanup: { drop_columns: { t: [c] }, also_drop: [v] }\n");
  BOOST_TEST(file.tables.size() == 2U);
  BOOST_TEST(file.ignore.front().second.text == "why");
  BOOST_TEST(file.entities.front().adopt->text == "SELECT 1");
  BOOST_TEST(!file.entities.back().adopt);
  const mapping::RouteEntry& route = file.routes.front();
  BOOST_TEST(route.at.line == 7);
  BOOST_TEST(route.key.size() == 2U);
  BOOST_TEST(route.joins.front().is_many);
  BOOST_TEST(route.joins.front().is_static);
  BOOST_TEST(route.columns[0].expression.text == "valid");
  BOOST_TEST(route.columns[0].expression.at.line == 16);
  BOOST_TEST(route.columns[0].expression.at.column == 10);
  BOOST_TEST((route.columns[1].missing == mapping::Missing::Null));
  BOOST_TEST((route.on_delete == mapping::OnDelete::Set));
  BOOST_TEST((route.on_truncate == mapping::OnTruncate::Stop));
  BOOST_TEST(route.owns_all);
  BOOST_TEST(file.settle.keep_disabled.front().text == "t.x");
  BOOST_TEST(file.cleanup.drop_columns.front().second.front().text == "c");
}

BOOST_AUTO_TEST_CASE(a_route_without_an_id_says_null) {
  const mapping::MappingFile file = mapping::parse_mapping(
      "m", std::string(kHead) + "routes: [{ from: a, to: b, id: null, conflict: [x], columns: {} }]");
  BOOST_TEST(file.routes.front().has_no_id);
  BOOST_TEST(!file.routes.front().id);
}

BOOST_AUTO_TEST_CASE(yaml_that_cannot_be_read_names_the_place) {
  BOOST_TEST(begins_with(error_of("version: 1\nroutes: [a"), "2:1"));
  BOOST_TEST(begins_with(error_of("version: 1\n\tx: 1"), "2:1 not valid YAML"));
  BOOST_TEST(begins_with(error_of(""), "1:1 the mapping"));
  BOOST_TEST(begins_with(error_of("a: 1\n---\nb: 2\n"), "1:1 the mapping has more than one"));
}

BOOST_AUTO_TEST_CASE(unknown_keys_are_errors_with_a_suggestion) {
  BOOST_TEST(error_of("versoin: 1\n") == "1:1 unknown key 'versoin' in the mapping; did you mean 'version'?");
  BOOST_TEST(begins_with(route_error("{ from: a, too: b, columns: {} }"),
                         "4:16 unknown key 'too' in a route; did you mean 'to'"));
  BOOST_TEST(begins_with(route_error("{ from: a, to: b, columns: { x: { expr: a, mising: park } } }"),
                         "4:48 unknown key 'mising' in column 'x'; did you mean 'missing'?"));
  BOOST_TEST(
      begins_with(route_error("{ from: a, to: b, columns: {}, join: { j: { from: t, on: { a: b }, each: 1 } } }"),
                  "4:72 unknown key 'each' in join 'j'; known keys:"));
}

BOOST_AUTO_TEST_CASE(duplicate_keys_are_errors) {
  BOOST_TEST(begins_with(error_of("version: 1\nversion: 1\n"), "2:1 duplicate key 'version'"));
  BOOST_TEST(
      begins_with(route_error("{ from: a, to: b, columns: { x: y, x: z } }"), "4:40 duplicate key 'x' in columns"));
}

BOOST_AUTO_TEST_CASE(what_is_required_is_named_when_it_lacks) {
  BOOST_TEST(begins_with(error_of("version: 1\n"), "1:1 the mapping has no 'namespace'"));
  BOOST_TEST(begins_with(route_error("{ from: a, columns: {} }"), "4:5 a route has no 'to'"));
  BOOST_TEST(begins_with(error_of(std::string(kHead) + "routes: []\n"), "3:9 there are no routes"));
}

BOOST_AUTO_TEST_CASE(values_of_the_wrong_kind_are_refused) {
  BOOST_TEST(begins_with(error_of("version: 2\n"), "1:10 version '2'"));
  BOOST_TEST(begins_with(error_of("version: 1\nnamespace: abc\n"), "2:12 namespace 'abc' is not a UUID"));
  BOOST_TEST(begins_with(error_of(std::string(kHead) + kRoute + "tables: { a: b }\n"), "5:9 tables must be a list"));
  BOOST_TEST(begins_with(route_error("{ from: [a], to: b, columns: {} }"), "4:13 from must be a single value"));
  BOOST_TEST(
      begins_with(route_error("{ from: a, to: b, columns: {}, owns: some }"), "4:42 unknown value 'some' of owns"));
  BOOST_TEST(begins_with(route_error("{ from: a, to: b, columns: { x: { expr: a, missing: nul } } }"),
                         "4:57 unknown value 'nul' of missing; did you mean 'null'?"));
  BOOST_TEST(route_error("{ from: a, to: b, columns: { x: { expr: a, missing: null } } }").find("in quotes") !=
             std::string::npos);
  BOOST_TEST(begins_with(route_error("{ from: a, to: b, columns: {}, on_delete: truncate }"),
                         "4:47 unknown value 'truncate' of on_delete"));
  BOOST_TEST(begins_with(route_error("{ from: a, to: b, columns: {}, join: { j: { from: t, on: {} } } }"),
                         "4:44 join 'j' has nothing to join on"));
}

BOOST_AUTO_TEST_SUITE_END()
