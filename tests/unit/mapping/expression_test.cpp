#include "mapping/expression.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "mapping/volatility.hpp"

namespace {

// The names that may be columns, space-separated.
std::string names_in(const std::string& sql) {
  const mapping::Expression expression = mapping::parse_expression(sql);
  BOOST_TEST(expression.problems.empty(), sql);
  std::string text;
  for (const mapping::NameUse& use : expression.names) {
    text += (text.empty() ? "" : " ") + (use.qualifier.empty() ? "" : use.qualifier + ".") + use.name;
  }
  return text;
}

// The first problem as `offset message`; empty when there is none.
std::string problem_in(const std::string& sql) {
  const mapping::Expression expression = mapping::parse_expression(sql);
  if (expression.problems.empty()) return {};
  return std::to_string(expression.problems.front().offset) + " " + expression.problems.front().message;
}

mapping::ExpressionShape shape_of(const std::string& sql) { return mapping::parse_expression(sql).shape; }

std::size_t volatile_parts_in(const std::string& sql, bool is_for_time = false) {
  return mapping::volatile_parts(mapping::parse_expression(sql), is_for_time).size();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(expression)

BOOST_AUTO_TEST_CASE(unquoted_names_fold_to_lower_case_and_quoted_ones_are_exact) {
  BOOST_TEST(names_in("Name") == "name");
  BOOST_TEST(names_in("\"Name\"") == "Name");
  BOOST_TEST(names_in("\"a \"\"b\"\"\"") == "a \"b\"");
  BOOST_TEST(names_in("Patient.\"Suffix\"") == "patient.Suffix");
  BOOST_TEST(names_in("straße + _x$1") == "straße _x$1");
}

BOOST_AUTO_TEST_CASE(strings_of_every_kind_and_comments_hide_names) {
  BOOST_TEST(names_in("'it''s id'") == "");
  BOOST_TEST(names_in("E'it\\'s id' || a") == "a");
  BOOST_TEST(names_in("e'\\\\' || a") == "a");
  BOOST_TEST(names_in("b'101' || x'ff' || n'id'") == "");
  BOOST_TEST(names_in("$$ id $$ || $tag$ $$ id $tag$ || a") == "a");
  BOOST_TEST(names_in("a -- id\n || b /* id /* nested */ id */ || c") == "a b c");
  BOOST_TEST(names_in("a/*x*/+/*y*/b--c") == "a b");
}

BOOST_AUTO_TEST_CASE(functions_types_and_fields_are_no_columns) {
  BOOST_TEST(names_in("lower(a)") == "a");
  BOOST_TEST(names_in("pg_catalog.lower (a)") == "a");
  BOOST_TEST(names_in("a::text || b::character varying(10)") == "a b");
  BOOST_TEST(names_in("a::double precision + b::public.mood") == "a b");
  BOOST_TEST(names_in("a::timestamp with time zone AT TIME ZONE 'UTC'") == "a at time zone");
  BOOST_TEST(names_in("a::text[] || b[1]") == "a b");
  BOOST_TEST(names_in("(a).field") == "a");
  BOOST_TEST(names_in("cast(a AS text)") == "a");
  BOOST_TEST(mapping::parse_expression("s.f(g(1))").functions.size() == 2U);
}

BOOST_AUTO_TEST_CASE(numbers_and_operators_end_where_they_should) {
  BOOST_TEST(names_in("1.5e-3+a") == "a");
  BOOST_TEST(names_in("a->>'x'") == "a");
  BOOST_TEST(names_in("a*-b") == "a b");
  BOOST_TEST(names_in("a<=b") == "a b");
}

BOOST_AUTO_TEST_CASE(a_ref_has_an_entity_and_columns_of_the_row_or_of_a_join) {
  const mapping::Expression expression = mapping::parse_expression("coalesce(REF ( 'order', a, j.\"B\" ), x)");
  BOOST_REQUIRE(expression.refs.size() == 1U);
  BOOST_TEST(expression.refs[0].entity == "order");
  BOOST_REQUIRE(expression.refs[0].key.size() == 2U);
  BOOST_TEST(expression.refs[0].key[1].qualifier == "j");
  BOOST_TEST(expression.refs[0].key[1].name == "B");
  BOOST_TEST(expression.with_refs([](std::size_t) { return "R"; }) == "coalesce(R, x)");
  BOOST_TEST(names_in("coalesce(ref('order', a), x)") == "x");
}

BOOST_AUTO_TEST_CASE(the_word_ref_in_a_string_or_after_a_dot_is_no_ref) {
  BOOST_TEST(mapping::parse_expression("'ref(''a'', b)'").refs.empty());
  BOOST_TEST(mapping::parse_expression("s.ref('a', b)").refs.empty());
  BOOST_TEST(mapping::parse_expression("ref").refs.empty());
}

BOOST_AUTO_TEST_CASE(shapes_are_seen_through_parentheses) {
  using enum mapping::ExpressionShape;
  BOOST_TEST((shape_of("id") == Name));
  BOOST_TEST((shape_of("((j.id))") == Name));
  BOOST_TEST((shape_of("(ref('a', b))") == Ref));
  BOOST_TEST((shape_of("'{}'") == Literal));
  BOOST_TEST((shape_of("( NULL )") == Literal));
  BOOST_TEST((shape_of("NULL::text") == General));
  BOOST_TEST((shape_of("id::text") == General));
  BOOST_TEST((shape_of("(a) + (b)") == General));
  BOOST_TEST((shape_of("NOT a") == General));
}

BOOST_AUTO_TEST_CASE(what_is_malformed_is_reported_where_it_begins) {
  BOOST_TEST(problem_in("a || 'open") == "5 the string is not closed");
  BOOST_TEST(problem_in("a || $x$open$y$") == "5 the string is not closed");
  BOOST_TEST(problem_in("a /* open /* */") == "2 the comment is not closed");
  BOOST_TEST(problem_in("\"open") == "0 the quoted identifier is not closed");
  BOOST_TEST(problem_in("lower(a") == "5 '(' is not closed");
  BOOST_TEST(problem_in("a) , (b") == "1 ')' closes nothing");
  BOOST_TEST(problem_in("a[1)") == "3 ')' closes nothing");
  BOOST_TEST(problem_in("a; DROP TABLE b") == "1 ';' has no place in an expression");
  BOOST_TEST(problem_in("$1 + a") == "0 parameters have no place in an expression");
  BOOST_TEST(problem_in("  -- nothing") == "0 the expression is empty");
  BOOST_TEST(problem_in("patient.*") == "0 'patient.*' is not supported: name the columns");
  BOOST_TEST(problem_in("a.b.c") == "0 a column is written as column or alias.column");
}

BOOST_AUTO_TEST_CASE(a_ref_with_anything_but_columns_is_refused) {
  BOOST_TEST(problem_in("ref(order, id)").find("in single quotes") != std::string::npos);
  BOOST_TEST(problem_in("ref('a', b + 1)").find("11 ref() takes columns") == 0U);
  BOOST_TEST(problem_in("ref('a')").find("ref() takes columns") != std::string::npos);
  BOOST_TEST(problem_in("ref('a', 'b')").find("ref() takes columns") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_depends_on_the_moment_or_the_session_is_found) {
  for (const char* sql :
       {"now()", "pg_catalog.now()", "coalesce(a, CURRENT_DATE)", "current_timestamp(3)", "random()", "user",
        "'now'::timestamptz", "timestamp 'now'", "cast('today' AS date)", "' NOW '::pg_catalog.timestamp",
        "gen_random_uuid()", "age(born)", "extract(year from pg_catalog.age(greatest(a, b)))", "age((a).b[1])",
        R"(E'n\157w'::date)", R"(date e'\x6eow\r')", R"(E'\u006E\U0000006fw'::date)",
        "has_table_privilege('t', 'select')"}) {
    BOOST_TEST(volatile_parts_in(sql) == 1U, sql);
  }
  for (const char* sql : {"\"user\"", "a.current_date", "'now'", "'now()'", "now", "'now'::text", "age",
                          "age(left_at, born)", "age(greatest(a, b), c)", "p.age", "age + f(a)",
                          R"('n\157w'::text || E'n\157')", R"(E'\\156ow'::date)", R"(E'\u00e4now'::date)"}) {
    BOOST_TEST(volatile_parts_in(sql) == 0U, sql);
  }
  BOOST_TEST(volatile_parts_in("coalesce(a, 'now')", true) == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
