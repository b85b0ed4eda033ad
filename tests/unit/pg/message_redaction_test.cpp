#include "pg/message_redaction.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(message_redaction)

BOOST_AUTO_TEST_CASE(values_are_cut_and_names_stay) {
  BOOST_TEST(pg::without_values(R"(invalid input syntax for type uuid: "Jane Doe")", {}) ==
             "invalid input syntax for type uuid");
  BOOST_TEST(pg::without_values(R"(value "99999" is out of range for type integer)", {}) ==
             R"(value "..." is out of range for type integer)");
  BOOST_TEST(pg::without_values(R"(invalid byte sequence for encoding "UTF8": 0xff)", {}) ==
             R"(invalid byte sequence for encoding "UTF8")");
  BOOST_TEST(
      pg::without_values(R"(null value in column "email" of relation "users" violates not-null constraint)", {}) ==
      R"(null value in column "email" of relation "users" violates not-null constraint)");
  BOOST_TEST(pg::without_values(R"(time zone "Jane" not recognized)", {}) == R"(time zone "..." not recognized)");
}

BOOST_AUTO_TEST_CASE(a_quoted_text_stays_when_the_server_names_it_as_an_identifier) {
  BOOST_TEST(pg::without_values(R"(something about "users_key")", {"users_key"}) == R"(something about "users_key")");
  BOOST_TEST(pg::without_values(R"(something about "users_key")", {"other"}) == R"(something about "...")");
}

BOOST_AUTO_TEST_CASE(a_value_that_holds_quotes_or_is_cut_off_does_not_get_through) {
  BOOST_TEST(pg::without_values(R"(invalid input value for enum mood: "a"secret"b")", {}).find("secret") ==
             std::string::npos);
  BOOST_TEST(pg::without_values(R"(value "secret)", {}) == R"(value "...")");
}

BOOST_AUTO_TEST_CASE(in_sql_that_a_function_composed_no_noun_is_trusted) {
  BOOST_TEST(pg::without_values(R"(column "secret" does not exist)", {}, pg::Nouns::Untrusted) ==
             R"(column "..." does not exist)");
}

BOOST_AUTO_TEST_CASE(translated_messages_are_withheld) {
  BOOST_TEST(pg::without_values("ungültige Eingabesyntax für Typ uuid: »secret«", {}).find("secret") ==
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_complaint_about_a_connection_string_keeps_only_what_is_not_quoted) {
  BOOST_TEST(pg::without_quotes("missing \"=\" after \"secret\" in connection info string\n") ==
             "missing \"...\" in connection info string");
}

BOOST_AUTO_TEST_SUITE_END()
