#include <boost/test/unit_test.hpp>
#include <string>

#include "core/error.hpp"
#include "tests/unit/mapping/shop.hpp"

namespace {

using Severity = mapping::Finding::Severity;

// Compiles `text`, in which § marks a place, and expects a finding exactly there whose message contains `message`.
void expect_at_mark(std::string text, const std::string& message, const std::string& remedy = "",
                    Severity severity = Severity::Error) {
  const std::string mark = "§";
  const std::size_t at = text.find(mark);
  BOOST_REQUIRE(at != std::string::npos);
  text.erase(at, mark.size());
  const std::string before = text.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t last_break = before.rfind('\n');
  const auto column = static_cast<int>(before.size() - (last_break == std::string::npos ? 0 : last_break + 1)) + 1;

  const mapping::Compilation compilation = tests::compile_shop(text);
  std::string all;
  for (const mapping::Finding& finding : compilation.findings) {
    if (finding.at.line == line && finding.at.column == column && finding.severity == severity &&
        finding.message.find(message) != std::string::npos && finding.remedy.find(remedy) != std::string::npos) {
      BOOST_TEST(true);
      return;
    }
    all += "\n  " + std::to_string(finding.at.line) + ":" + std::to_string(finding.at.column) + " " + finding.message +
           "; " + finding.remedy;
  }
  BOOST_ERROR("expected at " + std::to_string(line) + ":" + std::to_string(column) + " '" + message + "', got:" + all);
}

void expect_warning_at_mark(const std::string& text, const std::string& message) {
  expect_at_mark(text, message, "", Severity::Warning);
}

// A route from person to people with these columns, and whatever else.
std::string person(const std::string& columns, const std::string& more = "", const std::string& tables = "person") {
  return tests::mapping_of(tables, "  - { from: person, to: people, entity: person, columns: { " + columns + " }" +
                                       (more.empty() ? "" : ", " + more) + " }\n");
}

std::string joined(const std::string& join, const std::string& columns) {
  return person(columns, "join: { " + join + " }", "person, address, membership");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(findings)

BOOST_AUTO_TEST_CASE(a_sub_select_that_reads_a_table_of_the_target_is_doubtful) {
  const std::string words = "reads 'people' of the target";
  expect_warning_at_mark(person("name: \"(SELECT max(x.name) FROM §people AS x)\""), words);
  expect_warning_at_mark(person("name: \"(SELECT max(x.name) FROM unnest(ARRAY[1]) y JOIN §public.people x ON true)\""),
                         words);
  for (const char* const sound : {"(SELECT max(x.v) FROM unnest(ARRAY[name, 'b']) AS x (v))", "trim(both from name)"}) {
    BOOST_TEST(tests::compile_shop(person("name: \"" + std::string(sound) + "\"")).findings.empty(), sound);
  }
}

BOOST_AUTO_TEST_CASE(a_mapping_without_mistakes_has_none) {
  const mapping::Compilation compilation = tests::compile_shop(person("name: name, legacy_id: id"));
  BOOST_TEST(compilation.findings.empty());
  BOOST_TEST(compilation.plan.routes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(unknown_tables_and_columns_are_named_with_a_suggestion) {
  expect_at_mark(tests::mapping_of("person", "  - { from: §persno, to: people, entity: p, columns: { name: name } }\n"),
                 "the source has no table 'persno'", "did you mean 'person'?");
  expect_at_mark(tests::mapping_of("person", "  - { from: person, to: §peple, entity: p, columns: { name: name } }\n"),
                 "the target has no table 'peple'", "did you mean 'people'?");
  expect_at_mark(person("§nmae: name"), "has no column 'nmae'", "did you mean 'name'?");
  expect_at_mark(joined("a: { from: address, on: { person_id: id } }", "city: \"lower(§a.ctiy)\""),
                 "the source table 'address' has no column 'ctiy'", "did you mean 'city'?");
  expect_at_mark(joined("a: { from: address, on: { §persn_id: id } }", "name: name"), "has no column 'persn_id'");
  expect_at_mark(joined("a: { from: address, on: { person_id: §idd } }", "name: name"), "has no column 'idd'");
  expect_at_mark(joined("a: { from: §adress, on: { person_id: id } }", "name: name"),
                 "the source has no table 'adress'");
}

BOOST_AUTO_TEST_CASE(columns_that_cannot_be_read_or_written_are_refused) {
  expect_at_mark(person("name: §name_lower"), "is generated: the stream does not carry it");
  expect_at_mark(person("§name_upper: name"), "is generated: it cannot be written");
  expect_at_mark(person("name: name, §'\"name\"': email"), "column 'name' is mapped twice");
  expect_at_mark(person("§id: \"'x'\""), "takes the id");
  expect_at_mark(person("name: §null"), "has no expression", "\"NULL\" in quotes");
}

BOOST_AUTO_TEST_CASE(expressions_are_checked_where_they_stand) {
  expect_at_mark(person("name: \"lower§(name\""), "'(' is not closed");
  expect_at_mark(person("seen_at: \"coalesce(NULL, §now())\""), "'now()' depends on when", "column default");
  expect_at_mark(person("seen_at: \"§'now'\""), "depends on when");
  expect_at_mark(person("name: name", "where: \"email = §current_user\""), "depends on when or by whom");
  expect_at_mark(joined("a: { from: address, on: { person_id: id } }", "name: \"upper(§city)\""),
                 "'city' is no column of 'person'", "a.city");
  expect_at_mark(joined("a: { from: address, on: { person_id: id } }", "name: \"§a IS NULL\""),
                 "is a join, not a column");
  expect_at_mark(person("name: \"§b.city\""), "there is no join 'b'");
  expect_at_mark(person("name: §person.name"), "there is no join 'person'", "without the table's name");
}

BOOST_AUTO_TEST_CASE(joins_are_checked) {
  expect_warning_at_mark(joined("§m: { from: membership, on: { person_id: id } }", "name: name"),
                         "no unique key of 'membership'");
  expect_at_mark(
      joined("b: { from: membership, on: { id: §a.id } }, a: { from: address, on: { person_id: id } }", "name: name"),
      "there is no join 'a'", "change their order");
  expect_at_mark(joined("m: { from: membership, on: { person_id: id }, many: true },"
                        " a: { from: address, on: { id: §m.group_id } }",
                        "name: name"),
                 "cannot go on from a join with many: true");
  expect_at_mark(joined("a: { from: address, on: { person_id: §email } }", "name: name"),
                 "cannot join 'person_id' (int4)");
  expect_at_mark(
      joined("a: { from: address, on: { person_id: id } }, m: { from: membership, on: { id: a.id, group_id: §id },"
             " many: true }",
             "name: name"),
      "must all be of one table");
  expect_at_mark(joined("m: { from: membership, on: { person_id: id }, many: true }", "name: \"(§m.tags)[1]\""),
                 "is an array already");
  expect_at_mark(joined("§a$: { from: address, on: { person_id: id } }", "name: name"), "may not contain '$'");
}

BOOST_AUTO_TEST_CASE(refs_are_checked) {
  expect_at_mark(person("parent_id: \"§ref('persno', parent_id)\""), "there is no entity 'persno'",
                 "did you mean 'person'?");
  expect_at_mark(person("parent_id: \"§ref('person', email)\""), "is given (text), but the entity's key is (integer)");
  expect_at_mark(person("parent_id: \"§ref('person', id, id)\""), "is given (integer, integer)");
  expect_at_mark(person("name: name", "where: \"§ref('person', parent_id) IS NOT NULL\""), "ref() has no place here");
  expect_at_mark(person("name: { expr: name, missing: §park }"), "states 'missing' but has no ref");
  expect_at_mark(
      joined("m: { from: membership, on: { person_id: id }, many: true }", "parent_id: \"ref('person', §m.group_id)\""),
      "a ref cannot take an array");
}

BOOST_AUTO_TEST_CASE(entities_and_keys_are_checked) {
  expect_at_mark(
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\ntables: [person]\nentities: { §persn: }\n"
      "routes: [{ from: person, to: people, entity: person, columns: { name: name } }]",
      "no route mints the ids of entity 'persn'", "did you mean 'person'?");
  expect_at_mark(
      "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\ntables: [person]\n"
      "entities: { person: { adopt: §DELETE FROM people } }\n"
      "routes: [{ from: person, to: people, entity: person, columns: { name: name } }]",
      "is not a single SELECT");
  expect_at_mark(person("name: name", "key: §name"), "the key is not unique");
  expect_at_mark(person("name: name", "key: §nope"), "has no column 'nope'");
  expect_at_mark(tests::mapping_of("person",
                                   "  - { from: person, to: pairs, id: null, conflict: [a, b], key: §email,"
                                   " columns: { a: id, b: \"'x'\" } }\n"),
                 "this route has no entity");
  expect_at_mark(tests::mapping_of("person, note",
                                   "  - { from: person, to: people, entity: person, columns: { name: name } }\n"
                                   "  - { from: person, to: extras, entity: §person, id: person_id, key: email,"
                                   " columns: { body: name } }\n"),
                 "the key of this route is (text)");
  expect_at_mark(tests::mapping_of("person",
                                   "  - { from: person, to: people, entity: p, columns: { name: name } }\n"
                                   "  - { name: again, from: person, to: people, entity: §p,"
                                   " columns: { name: name } }\n"),
                 "two routes write entity 'p' to 'people'");
}

BOOST_AUTO_TEST_CASE(ids_and_conflict_columns_are_checked) {
  expect_at_mark(tests::mapping_of("person", "  - §{ from: person, to: people, columns: { name: name } }\n"),
                 "has no entity");
  expect_at_mark(tests::mapping_of("person", "  - { from: person, to: §extras, entity: p, columns: { body: name } }\n"),
                 "has no column 'id' for the id", "'id:'");
  expect_at_mark(person("name: name", "id: §legacy_id"), "cannot take a UUID: it is int4");
  expect_at_mark(tests::mapping_of("person", "  - { from: person, to: §loose, entity: p, columns: { number: id } }\n"),
                 "is not unique");
  expect_at_mark(person("name: name", "conflict: [§name]"), "for routes without an id");
  const auto pair = [](const std::string& conflict, const std::string& columns) {
    return tests::mapping_of("person", "  - { from: person, to: pairs, id: null, conflict: [" + conflict +
                                           "], columns: { " + columns + " } }\n");
  };
  expect_at_mark(pair("§a", "a: id, b: \"'x'\""), "has no unique key over exactly (a)");
  expect_at_mark(pair("a, §nope", "a: id, b: \"'x'\""), "has no column 'nope'");
  expect_at_mark(pair("a, §c", "a: id, b: \"'x'\""), "is not given in 'columns'");
  expect_at_mark(
      tests::mapping_of("person", "  - §{ from: person, to: pairs, id: null, columns: { a: id, b: \"'x'\" } }\n"),
      "neither an id nor 'conflict'");
  expect_at_mark(tests::mapping_of("person",
                                   "  - { from: person, to: pairs, entity: §p, id: null, conflict: [a, b],"
                                   " columns: { a: id, b: \"'x'\" } }\n"),
                 "mints no ids");
}

BOOST_AUTO_TEST_CASE(conflict_columns_must_have_a_text_that_equal_values_share) {
  const auto finds = [](const std::string& type, bool is_loose) {
    tests::TableBuilder pairs = tests::table("pairs");
    pairs.has("a " + type + "!").unique({"a"});
    if (is_loose) pairs.loosely_unique("a");
    const auto mapping =
        tests::mapping_of("person", "  - { from: person, to: pairs, id: null, conflict: [a], columns: { a: name } }\n");
    const auto compilation = mapping::compile(mapping::parse_mapping("mapping.yaml", mapping), tests::shop_source(),
                                              tests::catalog({pairs}));
    return !compilation.findings.empty();
  };
  BOOST_TEST(!finds("text", false));
  BOOST_TEST(finds("text", true));  // a collation that ignores case
  BOOST_TEST(finds("jsonb", true));
  BOOST_TEST(!finds("numeric", true));
}

BOOST_AUTO_TEST_CASE(tables_must_be_able_to_take_part) {
  expect_at_mark(tests::mapping_of("note, person",
                                   "  - { from: person, to: people, entity: person, columns: { name: name } }\n"
                                   "  - §{ from: note, to: notes, entity: note, columns: { body: body } }\n"),
                 "column 'person_id' of 'notes' is NOT NULL without a default");
  expect_at_mark(tests::mapping_of("heap", "  - { from: §heap, to: people, entity: h, columns: { name: line } }\n"),
                 "has no primary key");
}

BOOST_AUTO_TEST_CASE(nothing_in_scope_is_forgotten) {
  const std::string route = "  - { from: person, to: people, entity: person, columns: { name: name } }\n";
  expect_at_mark(tests::mapping_of("§person, note", route), "source table 'note' is in scope, but neither");
  expect_warning_at_mark(tests::mapping_of("person, §nothing_*", route), "matches no table");
  expect_at_mark(
      tests::mapping_of("note, heap", "  - { from: §person, to: people, entity: p, columns: { name: name } }\n"),
      "is read, but not in scope");
  const auto ignoring = [&](const std::string& ignored) {
    return "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\ntables: [person, log]\nignore: { " + ignored +
           " }\nroutes:\n" + route;
  };
  BOOST_TEST(tests::compile_shop(ignoring("log: technical")).findings.empty());
  expect_at_mark(ignoring("log: technical, §person: no"), "'person' is ignored, but a route reads it");
  expect_warning_at_mark(ignoring("log: technical, §gone: no"), "'gone' in 'ignore' matches no table in scope");
}

BOOST_AUTO_TEST_CASE(a_column_that_on_delete_sets_and_nothing_sets_back_is_a_warning) {
  expect_at_mark(person("name: name", "on_delete: { set: { §city: \"'gone'\" } }"),
                 "'on_delete' sets column 'city' of 'people', but route 'people' does not map it",
                 "map it in 'columns' with the value of rows that are there, such as city: \"false\"",
                 Severity::Warning);
  BOOST_TEST(tests::compile_shop(person("name: name, city: \"'here'\"", "on_delete: { set: { city: \"'gone'\" } }"))
                 .findings.empty());
}

BOOST_AUTO_TEST_CASE(the_routes_of_a_table_must_agree_about_its_truncation) {
  const auto routes = [](const std::string& first, const std::string& second) {
    return tests::mapping_of(
        "person", "  - { from: person, to: people, entity: person, columns: { name: name }" + first +
                      " }\n  - §{ from: person, to: extras, id: person_id, entity: person, columns: { body: name }" +
                      second + " }\n");
  };
  const std::string remedy = "give all routes of the table the same 'on_truncate'";
  expect_at_mark(
      routes(", on_truncate: keep", ""),
      "route 'extras' says 'on_truncate: delete', but route 'people' (line 5) of the same source table 'person' says "
      "'keep'",
      remedy);
  expect_at_mark(routes("", ", on_truncate: keep"),
                 "route 'extras' says 'on_truncate: keep', but route 'people' (line 5)", remedy);
  for (const auto& [first, second] : {std::pair{", on_truncate: keep", ", on_truncate: keep"}, std::pair{"", ""},
                                      std::pair{", on_truncate: keep", ", on_truncate: stop"}}) {
    std::string text = routes(first, second);
    text.erase(text.find("§"), std::string("§").size());
    BOOST_TEST(tests::compile_shop(text).findings.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_conflict_column_that_may_be_null_is_a_warning) {
  const std::string text = "  - { from: note, to: loose, id: null, conflict: [number], columns: { number: id } }\n";
  core::Catalog target = tests::shop_target();
  target.tables.at({"public", "loose"}).unique_keys.push_back({"number"});
  const std::string plain = tests::mapping_of("note", text);
  const auto compile = [&] {
    return mapping::compile(mapping::parse_mapping("mapping.yaml", plain), tests::shop_source(), target);
  };
  const mapping::Compilation nullable = compile();
  BOOST_REQUIRE(nullable.findings.size() == 1U);
  BOOST_TEST((nullable.findings[0].severity == Severity::Warning));
  BOOST_TEST(nullable.findings[0].message ==
             "conflict column 'number' of 'loose' may be NULL: nothing tells rows with NULL there apart, and they are "
             "quarantined");
  BOOST_TEST(nullable.findings[0].at.line == 5);
  target.tables.at({"public", "loose"}).columns.back().is_not_null = true;
  BOOST_TEST(compile().findings.empty());
}

BOOST_AUTO_TEST_CASE(on_delete_takes_constants_only) {
  expect_at_mark(person("name: name", "on_delete: { set: { name: §email } }"), "takes constants");
  expect_at_mark(person("name: name", "on_delete: { set: { §nope: 'true' } }"), "has no column 'nope'");
  expect_at_mark(person("name: name", "on_delete: { set: { name: \"§ref('person', id)\" } }"), "ref() has no place");
}

BOOST_AUTO_TEST_CASE(cleanup_must_not_drop_what_a_route_writes) {
  const std::string text = person("name: name");
  expect_at_mark(text + "cleanup: { drop_columns: { people: [§name] } }\n", "which route 'people' writes");
  expect_at_mark(text + "cleanup: { drop_columns: { §peple: [name] } }\n", "the target has no table 'peple'");
  expect_warning_at_mark(text + "cleanup: { drop_columns: { people: [§gone] } }\n", "no column 'gone' to drop");
}

// reliability 76, 164
BOOST_AUTO_TEST_CASE(routes_that_may_wait_for_each_other_for_ever_are_named_once) {
  const auto circle = [](const std::string& person_ref, const std::string& note_ref) {
    return tests::mapping_of("person, note",
                             "  - §{ from: person, to: people, entity: person, columns: { parent_id: " + person_ref +
                                 " } }\n  - { from: note, to: notes, entity: note, columns: { person_id: " + note_ref +
                                 ", legacy_id: id } }\n");
  };
  expect_warning_at_mark(circle("\"ref('note', parent_id)\"", "\"ref('person', person_id)\""),
                         "rows of 'people', 'notes' that refer to each other in a circle would wait");
  expect_warning_at_mark(person("parent_id: \"ref('person', parent_id)\"").insert(person("").find("{ from"), "§"),
                         "rows of 'people' that refer to each other");
  for (const char* opened : {"{ expr: \"ref('note', parent_id)\", missing: \"null\" }",
                             "{ expr: \"ref('note', parent_id)\", missing: filter }"}) {
    std::string text = circle(opened, "\"ref('person', person_id)\"");
    text.erase(text.find("§"), std::string("§").size());
    BOOST_TEST(tests::compile_shop(text).findings.empty(), opened);
  }
}

BOOST_AUTO_TEST_CASE(all_findings_come_at_once_and_in_the_order_of_the_file) {
  const mapping::Compilation compilation = tests::compile_shop(person("nmae: name, ctiy: name, name: \"now()\""));
  BOOST_REQUIRE(compilation.findings.size() == 3U);
  BOOST_TEST(compilation.findings[0].message.find("nmae") != std::string::npos);
  BOOST_TEST(compilation.findings[1].message.find("ctiy") != std::string::npos);
  BOOST_TEST(compilation.plan.routes.empty());
}

BOOST_AUTO_TEST_CASE(a_caller_that_cannot_go_on_gets_the_first_error_and_the_number_of_others) {
  const mapping::MappingFile file = mapping::parse_mapping("m.yaml", person("nmae: name, ctiy: name"));
  BOOST_CHECK_EXCEPTION((void)mapping::compile_or_throw(file, tests::shop_source(), tests::shop_target()), core::Error,
                        [](const core::Error& error) {
                          return error.kind() == core::ErrorKind::Mapping && error.context("file") == "m.yaml" &&
                                 error.context("line") == "5" && error.context("other_errors") == "1" &&
                                 error.message().find("nmae") != std::string::npos;
                        });
}

BOOST_AUTO_TEST_SUITE_END()
