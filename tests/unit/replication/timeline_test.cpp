#include "replication/timeline.hpp"

#include <boost/test/unit_test.hpp>

namespace {

// As PostgreSQL 15 writes it after two promotions; tabs between the columns.
constexpr const char* kHistory =
    "1\t0/70C10B0\tno recovery target specified\n\n2\t1/A0\tbefore 2026-11-23 03:40:00+00\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(timeline)

BOOST_AUTO_TEST_CASE(a_history_says_where_it_left_each_timeline) {  // reliability 36, 37
  BOOST_TEST(replication::left_timeline_at(kHistory, 1).value().to_string() == "0/70C10B0");
  BOOST_TEST(replication::left_timeline_at(kHistory, 2).value().to_string() == "1/A0");
}

BOOST_AUTO_TEST_CASE(a_timeline_that_the_history_never_was_on_proves_nothing) {
  BOOST_TEST(!replication::left_timeline_at(kHistory, 3).has_value());
  BOOST_TEST(!replication::left_timeline_at(kHistory, 12).has_value());
  BOOST_TEST(!replication::left_timeline_at("", 1).has_value());
  BOOST_TEST(!replication::left_timeline_at("# 1\t0/1\n", 1).has_value());
  BOOST_TEST(!replication::left_timeline_at("1\n", 1).has_value());
  BOOST_TEST(!replication::left_timeline_at("1\tnonsense\tx", 1).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
