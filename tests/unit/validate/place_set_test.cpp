#include "validate/place_set.hpp"

#include <boost/test/unit_test.hpp>

#include "core/error.hpp"

BOOST_AUTO_TEST_SUITE(place_set)

BOOST_AUTO_TEST_CASE(a_place_is_one_row_of_one_table) {
  validate::PlaceSet places;
  places.add("16385(0,1)");
  places.add("16385(0,1)");
  places.add("16385(1,0)");
  places.add("16386(0,1)");
  places.add("4294967295(4294967294,291)");
  BOOST_TEST(places.size() == 4);
  BOOST_TEST(places.contains("16386(0,1)"));
  BOOST_TEST(!places.contains("16385(0,2)"));
  BOOST_TEST(!places.contains("16387(0,1)"));
  validate::PlaceSet more;
  more.add("16385(0,1)");
  more.add("16385(7,7)");
  places.add(more);
  BOOST_TEST(places.size() == 5);
}

BOOST_AUTO_TEST_CASE(what_is_no_place_is_refused) {
  validate::PlaceSet places;
  for (const char* text : {"", "(0,1)", "16385", "16385(0,1", "16385(0)", "x(0,1)"}) {
    BOOST_CHECK_EXCEPTION(places.add(text), core::Error,
                          [](const core::Error& error) { return error.kind() == core::ErrorKind::Protocol; });
  }
}

BOOST_AUTO_TEST_SUITE_END()
