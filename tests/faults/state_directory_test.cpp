// The disk of the state directory is full while the agent streams. It says so, pauses, and goes on when there is room. Where a small disk
// cannot be mounted, the tests are skipped.
#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <string>

#include "tests/faults/people.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/wait.hpp"

using faults::People;

namespace {

std::string walsender(const People& pair) {
  return pair.source_admin
      .query_value("SELECT active_pid FROM pg_replication_slots WHERE slot_name = '" + pair.name + "'")
      .value_or("none");
}

void wait_for_warning(People& pair, const std::string& text) {
  tests::wait_until(
      [&] {
        if (!pair.agent.is_running()) throw std::runtime_error("the agent ended:\n" + pair.agent.process().err());
        return pair.agent.process().err().find(text) != std::string::npos;
      },
      "the agent says: " + text, std::chrono::minutes(1));
}

constexpr std::size_t kLittle = 1U << 20U;

}  // namespace

// reliability 65, 101
BOOST_AUTO_TEST_CASE(a_full_disk_while_a_transaction_is_held_pauses_the_stream_until_there_is_room,
                     *boost::unit_test::precondition(tests::may_mount_small_disk)) {
  People pair;
  pair.source_admin.exec("ALTER DATABASE " + pair.name + " SET logical_decoding_work_mem = '64kB'");
  pair.source_admin.exec("ALTER DATABASE " + pair.name + " SET wal_sender_timeout = '3s'");
  const tests::SmallDisk disk(pair.agent.state_dir(), "160m");
  pair.bring_over();
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.add(1000, 1010);
  pair.agent.wait_applied();
  const std::string sender = walsender(pair);
  disk.fill(kLittle);
  tests::Sql writer = pair.source.session();
  writer.exec("BEGIN; INSERT INTO person SELECT i, repeat(md5(i::text), 20), 1 FROM generate_series(10000, 50000) i");
  wait_for_warning(pair, "finds no room");
  // Longer than the source waits for a sign of life.
  const std::string later =
      "SELECT clock_timestamp() > '" + pair.source_admin.query_value("SELECT clock_timestamp() + '4 s'").value() + "'";
  tests::wait_until([&] { return pair.source_admin.query_value(later) == "t"; }, "four seconds");
  BOOST_TEST(walsender(pair) == sender);
  BOOST_TEST(pair.on_target("SELECT count(*) FROM people WHERE legacy_id >= 10000") == "0");
  disk.make_room();
  writer.exec("COMMIT");
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
  pair.require_equal();
}

// reliability 61, 101
BOOST_AUTO_TEST_CASE(a_full_disk_while_a_transaction_exceeds_the_memory_is_waited_for,
                     *boost::unit_test::precondition(tests::may_mount_small_disk)) {
  People pair;
  pair.source_admin.exec("ALTER DATABASE " + pair.name + " SET logical_decoding_work_mem = '1GB'");
  pair.agent.options().memory_mb = 1;
  pair.agent.configure();
  const tests::SmallDisk disk(pair.agent.state_dir(), "160m");
  pair.bring_over();
  pair.agent.start();
  pair.agent.wait_streaming();
  disk.fill(kLittle);
  pair.source.exec("INSERT INTO person SELECT i, repeat(md5(i::text), 20), 1 FROM generate_series(10000, 50000) i");
  wait_for_warning(pair, "trying again");
  BOOST_TEST(pair.on_target("SELECT count(*) FROM people WHERE legacy_id >= 10000") == "0");
  disk.make_room();
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
  pair.require_equal();
}
