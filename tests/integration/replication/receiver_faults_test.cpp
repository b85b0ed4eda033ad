#include <boost/test/unit_test.hpp>
#include <thread>

#include "core/error.hpp"
#include "pg/session.hpp"
#include "tests/integration/replication/reader.hpp"
#include "tests/integration/replication/workload.hpp"
#include "tests/support/sanitizer.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/wait.hpp"

using namespace std::chrono_literals;
using tests::Reader;
using tests::Source;

namespace {

const char* const kTable = "create table t (id integer primary key, note text)";

/// Waits for the end of the receiver, which must be an error of this kind; returns it.
core::Error end_of(Reader& reader, core::ErrorKind kind) {
  try {
    reader.wait_for_end();
  } catch (const core::Error& error) {
    BOOST_TEST((error.kind() == kind), error.what());
    BOOST_TEST(!error.remedy().empty(), error.what());
    return error;
  }
  throw std::runtime_error("the receiver ended without an error");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(receiver_faults, *boost::unit_test::label("matrix"))

BOOST_AUTO_TEST_CASE(a_terminated_walsender_is_replaced_and_nothing_is_lost_or_doubled) {  // reliability 23
  const Source source{tests::workload_schema(tests::source_version())};
  auto options = source.options();
  options.source = source.params_with_little_memory();
  options.limits = {50, 1U << 20U};
  Reader reader{options, source.consistent_point(), 20'000};
  std::mt19937_64 random{tests::seed()};
  tests::Sql sql = source.database().session();
  for (int round = 0; round < 8; ++round) {
    for (int transaction = 0; transaction < 30; ++transaction) sql.exec(tests::random_transaction(random, 0));
    tests::wait_until([&] { return reader.state().is_streaming; }, "the stream to run");
    const auto before = reader.state().sessions;
    source.terminate_reader();
    tests::wait_until([&] { return reader.state().sessions > before; }, "a new session");
  }
  reader.catch_up(source);
  for (const char* table : tests::kWorkloadTables)
    BOOST_TEST((reader.rows(table) == tests::rows_of(source, table)), table);
  BOOST_TEST(reader.state().sessions > 8U);
  BOOST_TEST(!reader.state().last_error.empty());
}

BOOST_AUTO_TEST_CASE(a_connection_lost_in_the_middle_of_a_transaction_brings_it_again_whole) {  // reliability 7, 110
  const Source source{kTable};
  auto options = source.options();
  options.limits = {10, 1U << 20U};
  Reader reader{options, source.consistent_point(), 4'000};  // room for a few parts only
  reader.catch_up(source);
  reader.hold();
  source.exec("insert into t select n, 'x' from generate_series(1, 20000) n");
  tests::wait_until([&] { return reader.state().is_paused; }, "the queue to be full");
  const auto sessions = reader.state().sessions;
  source.terminate_reader();
  reader.resume();
  reader.catch_up(source);
  BOOST_TEST(reader.state().sessions > sessions);
  BOOST_TEST(reader.rows("t").size() == 20'000U);
}

BOOST_AUTO_TEST_CASE(the_walsender_lives_while_the_queue_is_full, *tests::since(12)) {  // reliability 19
  const Source source{kTable};
  auto options = source.options();
  options.source = options.source.with_setting("wal_sender_timeout", "1s");
  options.limits = {100, 1U << 20U};
  options.status_interval = 10s;
  Reader reader{options, source.consistent_point(), 10'000};
  reader.catch_up(source);
  reader.hold();
  const core::Lsn confirmed = source.confirmed();
  source.exec("insert into t select n, repeat('x', 500) from generate_series(1, 40000) n");
  tests::wait_until([&] { return reader.state().is_paused; }, "the queue to be full");
  const std::string asked = source.value("select clock_timestamp()");
  // Four times its timeout after reading stopped, the server has heard from us within the last timeout.
  tests::wait_until(
      [&] {
        return source.value("select coalesce(max(reply_time), '-infinity') > '" + asked +
                            "'::timestamptz + interval '4 s' from pg_stat_replication r join pg_replication_slots s on "
                            "s.active_pid = r.pid"
                            " where slot_name = '" +
                            source.name() + "'") == "t";
      },
      "statuses to arrive while reading pauses");
  BOOST_TEST((source.confirmed() <= std::max(confirmed, reader.applied())));
  BOOST_TEST(reader.state().sessions == 1U);
  BOOST_TEST(reader.rows("t").empty());
  reader.resume();
  reader.catch_up(source);
  BOOST_TEST(reader.rows("t").size() == 40'000U);
  BOOST_TEST(reader.state().sessions == 1U);
}

BOOST_AUTO_TEST_CASE(a_source_that_stops_fast_is_not_kept_and_its_return_is_noticed) {  // reliability 128
  const Source source{kTable};
  auto options = source.options();
  options.status_interval = 50s;  // so that only being asked makes it answer
  Reader reader{options, source.consistent_point()};
  source.exec("insert into t values (1, 'before')");
  reader.catch_up(source);
  const auto begin = std::chrono::steady_clock::now();
  tests::source_cluster().stop(tests::StopMode::Fast);
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 30s));
  tests::source_cluster().start();
  source.exec("insert into t values (2, 'after')");
  reader.catch_up(source);
  BOOST_TEST((reader.rows("t") == tests::rows_of(source, "t")));
}

BOOST_AUTO_TEST_CASE(a_source_that_crashes_within_a_streamed_transaction_leaves_nothing_of_it,
                     *tests::since(14)) {  // reliability 109
  const Source source{kTable};
  auto options = source.options();
  options.source = source.params_with_little_memory();
  Reader reader{options, source.consistent_point()};
  source.exec("insert into t values (1, 'before')");
  reader.catch_up(source);
  tests::Sql writer = source.database().session();
  writer.exec("begin; insert into t select n, repeat('x', 200) from generate_series(100, 3000) n");
  source.exec("insert into t values (2, 'flushes what was written')");
  tests::wait_until([&] { return reader.state().held_bytes > 0; }, "a block to be held");
  tests::source_cluster().restart(tests::StopMode::Immediate);
  source.exec("insert into t values (3, 'after')");
  reader.catch_up(source);
  BOOST_TEST((reader.rows("t") == tests::rows_of(source, "t")));
  BOOST_TEST(reader.rows("t").size() == 3U);
  tests::wait_until([&] { return reader.state().held_bytes == 0; }, "what was held to be dropped");
}

BOOST_AUTO_TEST_CASE(an_applier_that_rolled_back_gets_everything_again) {
  const Source source{kTable};
  auto options = source.options();
  options.limits = {10, 1U << 20U};
  Reader reader{options, source.consistent_point(), 4'000};
  source.exec("insert into t select n, 'x' from generate_series(1, 5000) n");
  tests::wait_until([&] { return reader.parts() > 0; }, "the first part");
  reader.rewind();
  reader.catch_up(source);
  BOOST_TEST(reader.rows("t").size() == 5'000U);
  BOOST_TEST(reader.state().sessions == 2U);
}

BOOST_AUTO_TEST_CASE(a_missing_slot_is_refused_at_once) {  // reliability 30
  const Source source{kTable};
  source.exec("select pg_drop_replication_slot('" + source.name() + "')");
  Reader reader{source.options(), source.consistent_point()};
  const core::Error error = end_of(reader, core::ErrorKind::Refused);
  BOOST_TEST(error.context("slot") == source.name());
}

BOOST_AUTO_TEST_CASE(a_slot_that_somebody_consumed_is_refused, *tests::since(11)) {  // reliability 34
  const Source source{kTable};
  source.exec("insert into t values (1, 'consumed')");
  source.exec("select pg_replication_slot_advance('" + source.name() + "', pg_current_wal_lsn())");
  Reader reader{source.options(), source.consistent_point()};
  const core::Error error = end_of(reader, core::ErrorKind::Refused);
  BOOST_TEST(error.context("applied_lsn") == source.consistent_point().to_string());
  BOOST_TEST(error.context("confirmed_flush_lsn") == source.confirmed().to_string());
}

BOOST_AUTO_TEST_CASE(a_slot_in_use_is_waited_for_and_then_reported_with_its_holder) {  // reliability 28, 38
  const Source source{kTable};
  Reader holder{source.options(), source.consistent_point()};
  holder.catch_up(source);
  auto options = source.options();
  options.purpose = "stream-of-another";  // what bears the same name would be taken for an orphan, and ended
  options.most_tries_in_use = 4;
  Reader second{options, holder.applied()};
  const core::Error error = end_of(second, core::ErrorKind::State);
  BOOST_TEST(error.context("holder_pid") == std::to_string(holder.state().backend_pid));
  // The first is unharmed.
  source.exec("insert into t values (1, 'still read')");
  holder.catch_up(source);
  BOOST_TEST(holder.rows("t").size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_publication_dropped_while_running_stops_the_stream) {  // reliability 46
  const Source source{kTable};
  Reader reader{source.options(), source.consistent_point()};
  reader.catch_up(source);
  source.exec("drop publication " + source.name());
  // From 18 on such a server sends nothing at all, and says so in its own log only: a new session notices.
  if (tests::source_version() >= 18) source.terminate_reader();
  source.exec("insert into t values (1, 'cannot be decoded')");
  const core::Error error = end_of(reader, core::ErrorKind::Refused);
  BOOST_TEST(error.context("publication") == source.name());
}

BOOST_AUTO_TEST_CASE(another_source_is_refused) {  // reliability 36
  const Source source{kTable};
  auto options = source.options();
  options.identity = pg::ServerIdentity{"1", 1, source.name()};
  Reader reader{options, source.consistent_point()};
  const core::Error error = end_of(reader, core::ErrorKind::Refused);
  BOOST_TEST(error.context("copied_database") == source.name());
}

BOOST_AUTO_TEST_CASE(a_role_without_the_right_to_replicate_stops_at_once) {  // reliability 99
  const Source source{kTable};
  source.exec("do $$ begin create role nobody_special login; exception when duplicate_object then null; end $$");
  auto options = source.options();
  options.source =
      pg::ConnectionParams::parse(pg::Side::Source, tests::source_cluster().url(source.name(), "nobody_special"));
  Reader reader{options, source.consistent_point()};
  BOOST_CHECK_EXCEPTION(reader.wait_for_end(), core::Error, [](const core::Error& error) {
    return error.kind() == core::ErrorKind::Source && !error.is_transient();
  });
}

BOOST_AUTO_TEST_SUITE_END()
