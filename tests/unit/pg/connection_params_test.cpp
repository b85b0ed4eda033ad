#include "pg/connection_params.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

#include "core/error.hpp"
#include "pg/pinned_settings.hpp"

namespace {

using pg::ConnectionParams;
using pg::Side;

BOOST_AUTO_TEST_SUITE(connection_params)

BOOST_AUTO_TEST_CASE(a_uri_and_keywords_mean_the_same) {
  for (const char* text : {"postgresql://app:s3cret@db.example:6000/shop?sslmode=require",
                           "host=db.example port=6000 user=app password=s3cret dbname=shop sslmode=require"}) {
    const ConnectionParams params = ConnectionParams::parse(Side::Target, text);
    BOOST_TEST(params.value("host") == "db.example");
    BOOST_TEST(params.value("sslmode") == "require");
    BOOST_TEST(params.port() == "6000");
    BOOST_TEST(params.display() == "postgresql://app@db.example:6000/shop");
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_given_is_empty_and_the_port_has_its_default) {
  const ConnectionParams params = ConnectionParams::parse(Side::Source, "postgresql://[::1]/shop");
  BOOST_TEST(params.value("user") == "");
  BOOST_TEST(params.port() == "5432");
  BOOST_TEST(params.display() == "postgresql://[::1]:5432/shop");
}

BOOST_AUTO_TEST_CASE(neither_display_nor_errors_show_a_password) {
  for (const std::string text : {"postgresql://app:s3cret@host/db", "postgresql://app@host/db?password=s3cret",
                                 "password=s3cret sslpassword=s3cret host=h", "postgresql://app:s3cret@[::1/db",
                                 "postgresql://app:s3cret@host/db?s3cret", "postgresql://app:%s3cret@host/db",
                                 "postgresql://app:s3%00cret@host/db", "s3cret", "password='s3cret",
                                 "postgresql://app:a?s3cret@host/db", "postgresql://a\"b:s3cret@[::1/\"db"}) {
    BOOST_TEST_CONTEXT(text) {
      std::string shown;
      try {
        shown = ConnectionParams::parse(Side::Source, text).display();
      } catch (const core::Error& error) {
        BOOST_TEST((error.kind() == core::ErrorKind::Config));
        BOOST_TEST(!error.remedy().empty());
        shown = error.what();
      }
      BOOST_TEST(!shown.empty());
      BOOST_TEST(shown.find("cret") == std::string::npos);
    }
  }
}

// What libpq takes for the host, the port or the database may be the rest of a password.
BOOST_AUTO_TEST_CASE(a_password_that_is_not_encoded_is_refused_and_no_part_of_it_shown) {
  for (const std::string text :
       {"postgresql://app:one@cret@host/db", "postgres://app:one@cret@host/db", "postgresql://app:one@@host/cret",
        "postgresql://app:cret/two@host/db", "postgresql://app:1234/cret@host/db",
        "postgresql://app:one@cret/two@host/db", "postgresql://app:one@a:cret@host/db",
        "postgresql://app:one@a,cret@host/db", "postgresql://app@cret:one@host/db",
        "postgresql://app:a?one@cret@host/db", "postgresql://app:cret", "postgresql://app:one@[::1]@cret/db",
        "host=app:cret@host user=u", "host=postgresql://app:cret@host/db", "dbname=postgresql://app:cret@host/db",
        "postgresql://app@/db?host=a,b%40cret"}) {
    BOOST_TEST_CONTEXT(text) {
      try {
        (void)ConnectionParams::parse(Side::Source, text);
        BOOST_ERROR("it was taken");
      } catch (const core::Error& error) {
        BOOST_TEST((error.kind() == core::ErrorKind::Config));
        const std::string shown = error.what();
        BOOST_TEST(shown.find("cret") == std::string::npos, shown);
        BOOST_TEST(error.remedy().find("@ as %40") != std::string::npos);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(an_at_sign_that_stands_for_itself_is_taken) {
  for (const std::string text :
       {"postgresql://app:one%40cret@host/db", "postgresql://app:a?#b:c@host/db", "postgresql://app@host/d%40b",
        "postgresql://app@host/db?application_name=me@work", "postgresql://me%40work@a,b:5433/db",
        "host=@abstract user=u", "host=/run/a@b,@abstract user=u password=one@cret",
        "postgresql:///db?host=%40abstract"}) {
    BOOST_TEST_CONTEXT(text) { BOOST_CHECK_NO_THROW((void)ConnectionParams::parse(Side::Target, text)); }
  }
}

BOOST_AUTO_TEST_CASE(an_empty_connection_string_is_refused) {
  BOOST_CHECK_THROW(ConnectionParams::parse(Side::Target, ""), core::Error);
  BOOST_CHECK_THROW(ConnectionParams::parse(Side::Target, "  \n"), core::Error);
}

BOOST_AUTO_TEST_CASE(a_setting_given_twice_has_its_last_value_and_the_original_none) {
  const ConnectionParams params = ConnectionParams::parse(Side::Target, "host=h");
  const ConnectionParams changed = params.with_setting("lock_timeout", "1s").with_setting("lock_timeout", "2s");
  BOOST_TEST(params.settings().empty());
  BOOST_TEST(changed.settings().size() == 1U);
  BOOST_TEST(changed.settings().front().second == "2s");
}

BOOST_AUTO_TEST_CASE(options_escape_blanks_and_backslashes) {
  BOOST_TEST(pg::as_options({{"DateStyle", "ISO, MDY"}, {"x.y", "a\\b"}, {"search_path", ""}}) ==
             "-c DateStyle=ISO,\\ MDY -c x.y=a\\\\b -c search_path=");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
