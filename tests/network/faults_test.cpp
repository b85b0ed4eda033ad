// Links that are cut again and again, slow, flapping, corrupting: in the snapshot and in the stream, on either side.

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>
#include <regex>
#include <string>

#include "tests/network/remote_staff.hpp"
#include "tests/support/process_memory.hpp"
#include "tests/support/wait.hpp"

namespace {

using network::kCommit;
using network::kStream;
using network::RemoteStaff;
using std::chrono::milliseconds;
using tests::Direction;
using tests::Newcomers;
using tests::TrapAction;

std::size_t open_files(RemoteStaff& staff) {
  const std::filesystem::path directory = "/proc/" + std::to_string(staff.pair.agent.process().pid()) + "/fd";
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
}

struct Lag {
  std::int64_t bytes = 0;
  double seconds = 0;
};

/// As the agent's status has it. Also checks that it calls nothing applied that is not on the target.
Lag lag(RemoteStaff& staff) {
  staff.pair.require_honest();
  const nlohmann::json status = nlohmann::json::parse(staff.pair.agent.status());
  return {status.at("lag_bytes").get<std::int64_t>(), status.at("lag_seconds").get<double>()};
}

std::size_t count(const std::string& text, const std::string& expression) {
  const std::regex pattern(expression);
  return static_cast<std::size_t>(std::distance(std::sregex_iterator(text.begin(), text.end(), pattern), {}));
}

}  // namespace

// reliability 23
BOOST_AUTO_TEST_CASE(twenty_cuts_on_either_side_lose_and_double_nothing) {
  RemoteStaff staff;
  staff.start_streaming();
  for (int n = 0; n < 20; ++n) {
    staff.change(n);
    (n % 2 == 0 ? staff.source_line : staff.target_line).cut();
    if (n % 5 == 4) staff.wait_applied();
    staff.expect_sound();
  }
  staff.wait_applied();
  // One line per reconnect, which says when it is tried again.
  const std::string log = staff.pair.agent.process().err();
  BOOST_TEST(count(log, "connecting again attempt=\\d+ wait_ms=\\d+ applied_lsn=") > 0U);
  BOOST_TEST(count(log, "\n") < 200U, log);
  staff.expect_converged();
}

// reliability 26
BOOST_AUTO_TEST_CASE(a_flapping_network_lets_progress_grow_and_leaks_nothing) {
  RemoteStaff staff;
  staff.start_streaming();
  const std::size_t files = open_files(staff);
  staff.source_line.set_flapping(milliseconds(300));
  staff.target_line.set_flapping(milliseconds(430));
  int n = 0;
  tests::wait_until(
      [&] {
        if (n < 20) staff.change(n++);
        staff.expect_sound();
        return n == 20 && staff.source_line.counts().cut + staff.target_line.counts().cut > 20;
      },
      "twenty connections to be cut", std::chrono::seconds(60));
  staff.source_line.set_flapping(milliseconds(0));
  staff.target_line.set_flapping(milliseconds(0));
  staff.wait_applied();
  tests::wait_until([&] { return open_files(staff) <= files; }, "no more files to be open than before");
  BOOST_TEST(staff.sessions_on_target("dispatch-sync/%") == 1);
  staff.expect_converged();
}

// reliability 25
BOOST_AUTO_TEST_CASE(a_slow_and_uneven_link_only_costs_time) {
  RemoteStaff staff;
  staff.start_streaming();
  for (tests::TcpProxy* line : {&staff.source_line, &staff.target_line}) {
    line->set_delay(milliseconds(50), milliseconds(50));
    line->set_throttle(125'000);
  }
  // What is shown as applied is there, and the rest is shown as lag, in bytes and by its age. A look takes seconds on these lines, and the
  // servers write logs of their own in between.
  tests::wait_until([&] { return lag(staff).bytes == 0; }, "the agent to be at rest", std::chrono::minutes(2));
  staff.change(1);
  staff.pair.source.exec(
      "INSERT INTO person SELECT 500000 + i, 'slow', 1, NULL, repeat(md5(i::text), 40) FROM generate_series(1, 100) i");
  staff.change(2);
  Lag most;
  tests::wait_until(
      [&] {
        const Lag now = lag(staff);
        most = {std::max(most.bytes, now.bytes), std::max(most.seconds, now.seconds)};
        staff.expect_sound();
        return most.bytes > 0 && now.bytes == 0;
      },
      "everything to be applied", std::chrono::minutes(1));
  BOOST_TEST(most.bytes > 100'000);
  BOOST_TEST(most.seconds > 0.1);
  BOOST_TEST(lag(staff).seconds < 0.1);
  staff.expect_converged();
}

struct Corruption {
  const char* name;
  bool is_on_source;
  Direction direction;
  std::string pattern;
};
std::ostream& operator<<(std::ostream& out, const Corruption& corruption) { return out << corruption.name; }

// reliability 27. Bytes of the protocol itself: inside a value nobody could tell, without TLS.
BOOST_AUTO_TEST_CASE(corrupted_bytes_end_the_connection_and_are_never_applied) {
  const Corruption corruptions[] = {
      // The replica identity behind a relation's name; it comes when the table is first changed in a session.
      {"a relation in the stream", true, Direction::ToClient, std::string("person_badge\0", 13)},
      {"a statement's length", false, Direction::ToServer, kCommit},
      {"the answer to COMMIT", false, Direction::ToClient, std::string("COMMIT\0", 7)},
  };
  RemoteStaff staff;
  staff.start_streaming();
  int n = 0;
  for (const Corruption& corruption : corruptions) {
    BOOST_TEST_CONTEXT(corruption) {
      tests::TcpProxy& line = corruption.is_on_source ? staff.source_line : staff.target_line;
      const std::size_t sprung = line.counts().sprung;
      line.cut(corruption.is_on_source ? kStream : "");
      line.set_trap(
          {.direction = corruption.direction, .pattern = corruption.pattern, .action = TrapAction::CorruptAfter});
      staff.change(n++);
      line.wait_sprung(sprung + 1);
      staff.change(n++);
      staff.wait_applied();
    }
  }
  BOOST_TEST(staff.pair.on_target("SELECT count(*) FROM dispatch_sync.quarantine") == "0");
  staff.expect_converged();
}

// reliability 20, 156
BOOST_AUTO_TEST_CASE(a_target_that_is_too_slow_makes_reading_pause_and_memory_stay, *tests::judges_memory()) {
  RemoteStaff staff;
  staff.start_streaming();
  staff.target_line.set_throttle(500'000);
  // 120 MB of changes, far more than the queue holds.
  for (int n = 0; n < 60; ++n) {
    staff.pair.source.exec("INSERT INTO person SELECT 300000 + " + std::to_string(n) +
                           " * 500 + i, 'bulk', 1, NULL, repeat(md5(i::text), 125) FROM generate_series(1, 500) i");
  }
  double most = 0;
  std::size_t received = 0;
  int still = 0;
  tests::wait_until(
      [&] {
        most = std::max(most, tests::memory_mb(staff.pair.agent.process().pid()));
        staff.expect_sound();
        const std::size_t now = staff.source_line.counts().to_client;
        still = now - received < 1000 ? still + 1 : 0;
        received = now;
        return still > 20;
      },
      "reading to pause");
  BOOST_TEST(lag(staff).bytes > 2'000'000);
  BOOST_TEST(lag(staff).seconds > 0.1);
  BOOST_TEST(received < 80'000'000U);
  staff.target_line.set_throttle(0);
  tests::wait_until(
      [&] {
        most = std::max(most, tests::memory_mb(staff.pair.agent.process().pid()));
        return staff.pair.on_target("SELECT count(*) FROM people WHERE legacy_id > 300000") == "30000";
      },
      "everything to arrive", std::chrono::seconds(90));
  BOOST_TEST_MESSAGE("resident memory at most " << most << " MB");
  BOOST_TEST(most < 400);
  staff.expect_converged();
}

// reliability 153
BOOST_AUTO_TEST_CASE(a_pooler_in_session_mode_before_the_target_changes_nothing) {
  RemoteStaff staff;
  const std::string role = "ALTER ROLE postgres IN DATABASE " + staff.pair.name;
  for (const char* odd : {"default_transaction_read_only = on", "search_path = 'nowhere'", "statement_timeout = '50ms'",
                          "idle_in_transaction_session_timeout = '20ms'", "lock_timeout = '1ms'", "array_nulls = off"})
    staff.pair.target_admin.exec(role + " SET " + odd);
  staff.target_line.drop_options();
  staff.start_streaming();
  for (int n = 0; n < 5; ++n) staff.change(n);
  staff.change_everything();
  staff.wait_applied();
  staff.target_line.cut();
  staff.change(6);
  staff.wait_applied();
  staff.pair.target_admin.exec(role + " RESET ALL");
  staff.expect_converged();
}

// reliability 22
BOOST_DATA_TEST_CASE(a_snapshot_goes_on_after_cuts_of_either_side, boost::unit_test::data::make({"source", "target"}),
                     side) {
  RemoteStaff staff(100);
  const bool is_source = std::string(side) == "source";
  tests::TcpProxy& line = is_source ? staff.source_line : staff.target_line;
  const std::string pattern = is_source ? "COPY (" : kCommit;
  line.set_trap({.pattern = pattern, .action = TrapAction::Cut, .skip = 4});
  line.set_trap({.pattern = pattern, .action = TrapAction::CutAtReply, .skip = 12});
  staff.pair.agent.start();
  line.wait_sprung(1);
  staff.change(1);
  line.wait_sprung(2);
  staff.change(2);
  // Half-open in the middle.
  line.set_trap({.pattern = pattern, .action = TrapAction::HoldReply, .skip = 3});
  line.wait_sprung(3);
  BOOST_TEST(staff.pair.on_target("SELECT count(*) FROM dispatch_sync.migration_control WHERE phase = "
                                  "'snapshot' AND status = 'done'") == "0");
  line.vanish();
  staff.pair.agent.wait_streaming();
  BOOST_TEST(count(staff.pair.agent.process().err(), "the snapshot was interrupted and goes on") >= 3U);
  staff.change(3);
  staff.wait_applied();
  staff.expect_converged();
}

// reliability 22. What surrounds the chunks: the ledger's word that the copy began, that it is done, and the note of it for people.
BOOST_AUTO_TEST_CASE(a_cut_at_the_first_or_the_last_steps_of_a_snapshot_only_costs_time) {
  RemoteStaff staff;
  // As a parameter of a statement: its length stands before it.
  for (const std::string& word : {std::string("\0\0\0\x07running", 11), std::string("\0\0\0\x04"
                                                                                    "done",
                                                                                    8)}) {
    staff.target_line.set_trap({.pattern = word, .action = TrapAction::Cut});
    staff.target_line.set_trap({.pattern = word, .action = TrapAction::CutAtReply, .skip = 3});
  }
  staff.target_line.set_trap({.pattern = std::string("\0\0\0\x08"
                                                     "finished",
                                                     12),
                              .action = TrapAction::CutAtReply});
  staff.pair.agent.start();
  staff.pair.agent.wait_streaming();
  staff.target_line.wait_sprung(5);
  const std::string said = staff.pair.agent.process().err();
  BOOST_TEST(count(said, "the snapshot was interrupted and goes on") == 5U, said);
  BOOST_TEST(staff.pair.on_target("SELECT string_agg(DISTINCT status, ' ') FROM dispatch_sync.migration_control") ==
             "done");
  staff.change(1);
  staff.wait_applied();
  staff.expect_converged();
}

// reliability 110
BOOST_AUTO_TEST_CASE(a_transaction_that_was_being_streamed_when_the_link_broke_comes_again_whole) {
  RemoteStaff staff;
  staff.pair.source_admin.exec("ALTER DATABASE " + staff.pair.name + " SET logical_decoding_work_mem = '64kB'");
  staff.start_streaming();
  tests::Sql large = staff.pair.source.session();
  large.exec("BEGIN; INSERT INTO badge SELECT i, 'streamed ' || i FROM generate_series(1000, 3000) i");
  const auto is_streamed = [&](std::size_t bytes) {
    // What is decoded of it is sent when somebody else commits.
    staff.pair.source.exec("UPDATE badge SET label = label || '.' WHERE id = 1");
    return staff.source_line.counts().to_client > bytes;
  };
  const std::size_t before = staff.source_line.counts().to_client;
  tests::wait_until([&] { return is_streamed(before + 100'000); }, "blocks of the open transaction");
  // Acknowledgements get past its beginning.
  staff.wait_applied();
  staff.source_line.cut(kStream);
  large.exec("SAVEPOINT s; INSERT INTO badge SELECT i, 'never' FROM generate_series(5000, 7000) i; ROLLBACK TO s");
  large.exec("INSERT INTO badge SELECT i, 'streamed ' || i FROM generate_series(3001, 4000) i");
  staff.wait_applied();
  BOOST_TEST(staff.pair.on_target("SELECT count(*) FROM badges WHERE legacy_id >= 1000") == "0");
  large.exec("COMMIT");
  staff.wait_applied();
  BOOST_TEST(staff.pair.on_target("SELECT count(*) FROM badges WHERE legacy_id >= 1000") == "3001");
  staff.expect_converged();
}
