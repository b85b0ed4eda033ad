#include "pg/wire_time.hpp"

#include <boost/test/unit_test.hpp>

#include "pg/server_version.hpp"

BOOST_AUTO_TEST_SUITE(wire_time)

BOOST_AUTO_TEST_CASE(the_wire_counts_from_the_year_2000) {
  BOOST_TEST(pg::kWireEpoch.time_since_epoch().count() == 946'684'800'000'000);
  BOOST_TEST(pg::from_wire_time(1).time_since_epoch().count() == 946'684'800'000'001);
  BOOST_TEST(pg::to_wire_time(pg::from_wire_time(-5)) == -5);
}

BOOST_AUTO_TEST_CASE(versions_gate_what_their_servers_can_do) {
  constexpr pg::ServerVersion kTen{100023};
  constexpr pg::ServerVersion kThirteen{130014};
  constexpr pg::ServerVersion kFifteen{150018};
  BOOST_TEST(!kTen.has_generated_columns());
  BOOST_TEST(!kTen.has_publish_via_root());
  BOOST_TEST(kThirteen.has_publish_via_root());
  BOOST_TEST(!kThirteen.has_streaming());
  BOOST_TEST(kFifteen.has_slot_option_list());
  BOOST_TEST(!kFifteen.has_invalidation_reason());
  BOOST_TEST(kFifteen.major() == 15);
}

BOOST_AUTO_TEST_SUITE_END()
