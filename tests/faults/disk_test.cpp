// Disks that are full, of either server, of the state directory and of the log files: the agent says so, claims nothing that is not on the target, and goes on
// by itself when there is room again.
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "tests/faults/people.hpp"
#include "tests/support/wait.hpp"

using faults::People;
using tests::wait_until;

namespace {

/// Every server and agent of this program obeys FullDisk.
struct ObeyFullDisk {
  ObeyFullDisk() {
    setenv("LD_PRELOAD", DISK_FULL_LIBRARY, 1);
    // With a sanitizer in the agent, its runtime would insist on being the first library.
    const char* options = std::getenv("ASAN_OPTIONS");
    setenv("ASAN_OPTIONS",
           ((options != nullptr ? std::string(options) + ":" : "") + "verify_asan_link_order=0").c_str(), 1);
  }
};
BOOST_TEST_GLOBAL_FIXTURE(ObeyFullDisk);

/// While this lives, nothing below this directory can be written.
class FullDisk {
 public:
  explicit FullDisk(const std::filesystem::path& directory) : mark_(directory / "disk_full") {
    std::ofstream(mark_).put('\n');
  }
  ~FullDisk() { std::filesystem::remove(mark_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  std::filesystem::path mark_;
};

int count(const std::string& log, const std::string& text) {
  int found = 0;
  for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) {
    ++found;
  }
  return found;
}

void wait_said(People& pair, const std::string& text, int times = 1) {
  wait_until(
      [&] {
        const bool is_running = pair.agent.is_running();
        BOOST_REQUIRE_MESSAGE(is_running, "the agent ended: " << pair.agent.process().err());
        return count(pair.agent.process().err(), text) >= times;
      },
      "the agent to say: " + text, std::chrono::seconds(60));
}

const std::string kStateFull = "the disk of the state directory is full";

const std::string kLogsFull = "the log files cannot be written";

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Something for the agent to tell of.
void end_walsender(const People& pair) {
  pair.source_admin.exec("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '" +
                         pair.name + "'");
}

/// A snapshot that writes its first rows meets a full disk at `directory`, says `words` of it, and goes on when there is room.
void snapshot_over_full_disk(People& pair, std::uint32_t chunk_rows, const std::filesystem::path& directory,
                             const std::string& words) {
  pair.agent.options().chunk_rows = chunk_rows;
  pair.agent.configure();
  std::optional<faults::HeldInserts> held(std::in_place, pair, "people");
  pair.agent.start();
  held->wait();
  {
    const FullDisk full(directory);
    held.reset();
    wait_said(pair, words, 2);
    pair.require_honest();
  }
  pair.agent.wait_streaming();
}

/// Everything arrives, and is right after a clean stop.
void expect_all_right(People& pair) {
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0);
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

}  // namespace

// reliability 101
BOOST_AUTO_TEST_CASE(a_full_disk_of_the_target_is_waited_for_in_the_stream) {
  People pair;
  pair.bring_over();
  pair.agent.start();
  pair.agent.wait_streaming();
  {
    const FullDisk full(tests::shared_servers().target_cluster.data_dir() / "base");
    pair.add(1000, 21'000);
    wait_said(pair, "SQLSTATE 53100", 3);
    BOOST_TEST(pair.on_target("SELECT count(*) FROM people") == "300");
    pair.require_honest();
  }
  expect_all_right(pair);
}

// reliability 101, 53
BOOST_AUTO_TEST_CASE(a_full_disk_of_the_target_is_waited_for_in_the_snapshot) {
  People pair(20'000);
  snapshot_over_full_disk(pair, 2000, tests::shared_servers().target_cluster.data_dir() / "base", "SQLSTATE 53100");
  expect_all_right(pair);
}

// reliability 101
BOOST_AUTO_TEST_CASE(a_full_disk_of_the_source_stops_its_own_writers_only) {
  People pair;
  pair.bring_over();
  pair.agent.start();
  pair.agent.wait_streaming();
  {
    const FullDisk full(tests::shared_servers().source_cluster.data_dir() / "base");
    BOOST_CHECK_THROW(pair.add(1000, 21'000), tests::SqlError);
    pair.agent.wait_applied();
  }
  pair.add(1000, 21'000);
  expect_all_right(pair);
}

// reliability 101, 19
BOOST_AUTO_TEST_CASE(a_full_state_directory_is_waited_for_in_the_stream_while_keepalives_are_answered) {
  People pair;
  pair.bring_over();
  pair.source_admin.exec("ALTER ROLE dispatch_sync IN DATABASE " + pair.name + " SET wal_sender_timeout = '2s'");
  pair.agent.start();
  pair.agent.wait_streaming();
  const auto walsender = [&] {
    return pair.source_admin
        .query_value("SELECT active_pid FROM pg_replication_slots WHERE slot_name = '" + pair.name + "'")
        .value_or("none");
  };
  const std::string before = walsender();
  {
    const FullDisk full(pair.agent.directory());
    pair.add(1000, 1400);
    wait_said(pair, kStateFull, 7);  // with its growing pauses: longer than the source waits for an answer
    // Whether the target has it or not: the local state does not, and the source has not been told.
    BOOST_TEST(walsender() == before);
    pair.require_honest();
  }
  pair.agent.wait_applied();
  // What came after the disk was full survives a kill.
  pair.source.exec("DELETE FROM person WHERE id % 3 = 0");
  pair.agent.wait_applied();
  pair.agent.kill();
  pair.add(2000, 2100);
  pair.bring_over();
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 65, 101
BOOST_AUTO_TEST_CASE(a_transaction_that_a_full_state_directory_cannot_hold_is_applied_when_there_is_room) {
  People pair;
  pair.bring_over();
  pair.source_admin.exec("ALTER ROLE dispatch_sync IN DATABASE " + pair.name +
                         " SET logical_decoding_work_mem = '64kB'");
  pair.agent.start();
  pair.agent.wait_streaming();
  tests::Sql large = pair.source.session();
  {
    const FullDisk full(pair.agent.directory());
    large.exec("BEGIN; INSERT INTO person SELECT i, repeat(md5(i::text), 8), 1 FROM generate_series(1000, 60000) i");
    wait_said(pair, kStateFull);
    pair.require_honest();
  }
  large.exec("COMMIT");
  expect_all_right(pair);
}

// reliability 101
BOOST_AUTO_TEST_CASE(a_full_state_directory_is_waited_for_in_the_snapshot) {
  People pair(10'000);
  snapshot_over_full_disk(pair, 1000, pair.agent.directory(), kStateFull);
  pair.source.exec("UPDATE person SET name = name || '!' WHERE id % 2 = 0; DELETE FROM person WHERE id % 3 = 0");
  expect_all_right(pair);
}

// reliability 101
BOOST_AUTO_TEST_CASE(a_state_directory_that_is_full_at_the_start_is_waited_for) {
  People pair;
  pair.bring_over();
  pair.add(1000, 1100);
  {
    const FullDisk full(pair.agent.directory());
    pair.agent.start();
    wait_said(pair, "trying again", 2);
  }
  pair.agent.wait_streaming();
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0);
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 101
BOOST_AUTO_TEST_CASE(a_full_disk_of_the_log_files_costs_lines_of_them_and_nothing_else) {
  People pair;
  pair.bring_over();
  const std::filesystem::path logs = pair.agent.directory() / "log";
  const std::filesystem::path log = logs / "agent.log";
  std::filesystem::create_directory(logs);
  {
    const FullDisk full(logs);
    pair.agent.start({{"LOGS_DIRECTORY", logs.string()}});
    pair.agent.wait_streaming();
    pair.add(1000, 1400);
    pair.agent.wait_applied();
    end_walsender(pair);
    wait_said(pair, "the stream broke");
    BOOST_TEST(text_of(log).empty());
    BOOST_TEST(count(pair.agent.process().err(), kLogsFull) == 1);
    pair.require_honest();
  }
  int person = 5000;
  const auto wait_for_gap = [&](int number) {
    wait_until(
        [&] {
          pair.add(person, person);
          ++person;
          pair.agent.wait_applied();  // what comes on does not have to pause before it connects again
          end_walsender(pair);
          return count(text_of(log), "lines are missing before this one") == number;
        },
        "the log file to go on");
  };
  wait_for_gap(1);
  BOOST_TEST(count(pair.agent.process().err(), "the log files are written again") == 1);
  // The state directory on the same disk is waited for, and its trouble is told where that is possible.
  {
    const FullDisk full(pair.agent.directory());
    pair.add(2000, 2400);
    wait_said(pair, kStateFull, 2);
    wait_said(pair, kLogsFull, 2);
    pair.require_honest();
  }
  wait_for_gap(2);
  std::ifstream lines(log);
  for (std::string line; std::getline(lines, line);) BOOST_TEST((line.starts_with('{') && line.ends_with('}')), line);
  expect_all_right(pair);
}
