#include <boost/test/unit_test.hpp>
#include <string>

#include "agent/log.hpp"
#include "agent/redaction.hpp"
#include "core/error.hpp"

BOOST_AUTO_TEST_SUITE(error_text)

BOOST_AUTO_TEST_CASE(passwords_are_hidden_wherever_they_stand) {
  using agent::redact;
  BOOST_TEST(redact("postgresql://u:secret@h:5432/d?x=1") == "postgresql://u:***@h:5432/d?x=1");
  BOOST_TEST(redact("a postgres://u:se@cr/et@h/d b") == "a postgres://u:***@h/d b");
  BOOST_TEST(redact("host=h password=secret user=u") == "host=h password=*** user=u");
  BOOST_TEST(redact("host=h password = 'se cr\\'et' user=u") == "host=h password = *** user=u");
  BOOST_TEST(redact("postgresql://h/d?user=u&password=secret&sslmode=require") ==
             "postgresql://h/d?user=u&password=***&sslmode=require");
  BOOST_TEST(redact("?sslpassword=secret") == "?sslpassword=***");
  BOOST_TEST(redact("PASSWORD=secret") == "PASSWORD=***");
}

BOOST_AUTO_TEST_CASE(what_holds_no_password_stays_as_it_is) {
  using agent::redact;
  for (const std::string text : {"", "postgresql://u@h:5432/d", "password authentication failed for user \"u\"",
                                 "see https://example.org/a:b", "a: b @ c", "password=", "1 MB at 12:30"}) {
    BOOST_TEST(redact(text) == text);
  }
}

BOOST_AUTO_TEST_CASE(an_error_names_its_place_first_and_its_remedy_last) {
  core::Error error(core::ErrorKind::Config, "unknown key \"x\"");
  error.with("file", "agent.yaml").with("line", "3").with("column", "5").remedy("did you mean \"y\"?");
  BOOST_TEST(agent::error_text(error) == "agent: agent.yaml:3:5: unknown key \"x\"\n  remedy: did you mean \"y\"?\n");
  core::Error refused(core::ErrorKind::Source, "cannot connect to postgresql://u:pw@h/d");
  refused.sqlstate("28P01").with("route", "orders");
  BOOST_TEST(agent::error_text(refused) ==
             "agent: cannot connect to postgresql://u:***@h/d (SQLSTATE 28P01) route=orders\n");
}

BOOST_AUTO_TEST_SUITE_END()
