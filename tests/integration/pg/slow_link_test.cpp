// What is on its way for longer than a peer may be silent.

#include <boost/test/unit_test.hpp>

#include <string>

#include "tests/integration/pg/fixture.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace {

/// A server is given up after three seconds of silence.
pg::Session session_over(const tests::TcpProxy& line) {
  const std::string url =
      line.url("postgres", "postgres", "keepalives_idle=1&keepalives_interval=1&keepalives_count=2");
  return pg::Session{pg::ConnectionParams::parse(pg::Side::Target, url), "test"};
}

BOOST_AUTO_TEST_SUITE(pg_slow_link)

// reliability 25. What the machine of the proxy holds ready for it is on its way, too, and shows nowhere: at this speed it is through in less than
// the three seconds.
BOOST_AUTO_TEST_CASE(a_statement_that_takes_long_to_send_is_not_taken_for_a_silent_server) {
  tests::TcpProxy line({.port = tests::shared_cluster().port()});
  pg::Session session = session_over(line);
  line.set_throttle(4'000'000);
  const std::string large(32'000'000, 'x');
  BOOST_TEST(session.exec("select pg_catalog.length($1)", {large}).integer(0, 0) == 32'000'000);
}

// reliability 25. The proxy has taken all of it long before the server has read it.
BOOST_AUTO_TEST_CASE(a_copy_that_takes_long_to_arrive_is_not_taken_for_a_silent_server) {
  tests::TcpProxy line({.port = tests::shared_cluster().port()});
  pg::Session session = session_over(line);
  session.exec("create temporary table copied (words text)");
  line.set_throttle(125'000);
  session.copy_in_begin("copy copied from stdin");
  for (int row = 0; row < 800; ++row) session.copy_in_data(std::string(999, 'x') + "\n");
  BOOST_TEST(session.copy_in_finish() == 800U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
