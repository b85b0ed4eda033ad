#include "core/utf8.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(utf8)

// reliability 112
BOOST_AUTO_TEST_CASE(what_the_target_takes_for_text_is_text) {
  for (const char* text : {"", "plain", "caf\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF",
                           "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBD", "\x01"}) {
    BOOST_TEST(core::is_utf8(text), text);
    BOOST_TEST(core::readable_utf8(text) == text);
  }
}

// reliability 112
BOOST_AUTO_TEST_CASE(what_the_target_refuses_is_none) {
  const std::vector<std::string> refused = {
      "\x81",         "caf\xE9",      "\xC0\xAF",          "\xC1\xBF",         "\xE0\x9F\xBF",
      "\xED\xA0\x80",  // a surrogate
      "\xC3",         "\xE2\x82",     "\xF0\x9F\x98",      "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
      "\xFF\xFE",     "\xE2\x28\xAC", std::string(1, '\0')};
  for (const std::string& bytes : refused) {
    BOOST_TEST(!core::is_utf8(bytes), core::readable_utf8(bytes));
    BOOST_TEST(core::is_utf8(core::readable_utf8(bytes)));
  }
  BOOST_TEST(core::readable_utf8("caf\xE9 \xC3\xA9") == "caf\\xe9 \xC3\xA9");
}

BOOST_AUTO_TEST_SUITE_END()
