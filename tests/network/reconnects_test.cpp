// A thousand connections, each cut at another moment of its life.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <iterator>
#include <string>

#include "tests/integration/replication/reader.hpp"
#include "tests/support/tcp_proxy.hpp"
#include "tests/support/wait.hpp"

namespace {

using tests::Reader;
using tests::Source;
using tests::TcpProxy;

std::size_t open_files() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

}  // namespace

// reliability 21, 26: also the sending of a status fails again and again, and progress is kept
BOOST_AUTO_TEST_CASE(a_thousand_cut_connections_leave_nothing_open_and_lose_nothing) {
  const Source source("create table t (id integer primary key, v text)");
  const tests::Cluster& cluster = tests::source_cluster();
  TcpProxy line({.host = cluster.data_dir().parent_path().string(), .port = cluster.port()});
  auto options = source.options();
  options.source = pg::ConnectionParams::parse(pg::Side::Source, line.url(source.name(), cluster.superuser()));
  options.first_backoff = std::chrono::milliseconds(1);
  options.most_backoff = std::chrono::milliseconds(5);
  options.most_tries_in_use = 1000;
  Reader reader(options, source.consistent_point());
  source.exec("insert into t values (0, 'before')");
  reader.catch_up(source);
  const std::size_t files = open_files();

  // About as long as a connection takes to be made, so that each phase of it is met, and some get through.
  line.set_flapping(std::chrono::milliseconds(20));
  int rows = 1;
  core::Lsn applied = reader.applied();
  tests::wait_until(
      [&] {
        if (rows < 500) source.exec("insert into t values (" + std::to_string(rows++) + ", 'meanwhile')");
        BOOST_REQUIRE(reader.applied() >= applied);
        applied = reader.applied();
        BOOST_REQUIRE(reader.acked() <= applied);
        return line.counts().accepted >= 1000;
      },
      "a thousand connections", std::chrono::seconds(120));
  line.set_flapping(std::chrono::milliseconds(0));
  reader.catch_up(source);
  BOOST_TEST(reader.rows("t").size() == static_cast<std::size_t>(rows));
  tests::wait_until([&] { return open_files() <= files; }, "no more files to be open than before");
  tests::wait_until(
      [&] {
        return source.value(
                   "select count(*) from pg_stat_activity where datname = current_database() and "
                   "application_name like 'dispatch-sync/%'") == "1";
      },
      "one connection on the server");
}
