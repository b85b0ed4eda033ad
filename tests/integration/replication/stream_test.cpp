#include <boost/test/unit_test.hpp>
#include <future>
#include <random>
#include <vector>

#include "tests/integration/replication/reader.hpp"
#include "tests/integration/replication/workload.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/wait.hpp"

using namespace std::chrono_literals;
using tests::Reader;
using tests::Source;

namespace {

void expect_equal(const Source& source, const Reader& reader, const std::string& table) {
  const auto expected = tests::rows_of(source, table);
  const auto found = reader.rows(table);
  BOOST_TEST(found.size() == expected.size(), table << ": " << found.size() << " rows, expected " << expected.size());
  BOOST_TEST((found == expected), table << " differs");
}

/// Each session on a thread of its own, to their ends; throws what one of them threw.
void run_workload(const Source& source, int sessions, int transactions, std::uint64_t seed) {
  std::vector<std::future<void>> writers;
  for (int session = 0; session < sessions; ++session) {
    writers.push_back(std::async(std::launch::async, [&source, session, transactions, seed] {
      std::mt19937_64 random{seed + static_cast<unsigned>(session)};
      tests::Sql sql = source.database().session();
      for (int transaction = 0; transaction < transactions; ++transaction) {
        sql.exec(tests::random_transaction(random, session));
      }
    }));
  }
  for (std::future<void>& writer : writers) writer.get();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stream, *boost::unit_test::label("matrix"))

BOOST_AUTO_TEST_CASE(a_mixed_workload_arrives_as_it_was_committed) {
  const Source source{tests::workload_schema(tests::source_version())};
  Reader reader{source.options(), source.consistent_point()};
  run_workload(source, 4, 150, tests::seed());
  reader.catch_up(source);
  for (const char* table : tests::kWorkloadTables) expect_equal(source, reader, table);
  BOOST_TEST(reader.state().sessions == 1U);
  BOOST_TEST(reader.transactions() > 300U);
}

BOOST_AUTO_TEST_CASE(streamed_and_interleaved_transactions_arrive_as_they_were_committed,
                     *tests::since(14)) {  // reliability 105, 106
  const Source source{tests::workload_schema(tests::source_version())};
  auto options = source.options();
  options.source = source.params_with_little_memory();
  options.limits = {100, 1U << 20U};
  Reader reader{options, source.consistent_point()};
  run_workload(source, 4, 150, tests::seed() + 100);
  reader.catch_up(source);
  for (const char* table : tests::kWorkloadTables) expect_equal(source, reader, table);
  tests::wait_until([&] { return reader.state().counters.streamed_transactions > 5; },
                    "streamed transactions to be counted");
  BOOST_TEST(reader.parts() > reader.transactions());
}

BOOST_AUTO_TEST_CASE(a_transaction_with_ddl_inside_is_decoded_by_the_columns_of_each_moment) {  // reliability 93, 108
  const Source source{"create table t (id integer primary key, note text)"};
  auto options = source.options();
  options.source = source.params_with_little_memory();
  Reader reader{options, source.consistent_point()};
  source.exec(
      "begin; insert into t select n, repeat('a', 100) from generate_series(1, 1000) n; savepoint s;"
      "alter table t add column gone integer; insert into t select n, 'x', n from generate_series(2001, 3000) n; "
      "rollback to s;"
      "insert into t select n, repeat('b', 100) from generate_series(3001, 4000) n; alter table t add column more "
      "integer;"
      "insert into t select n, 'c', n from generate_series(4001, 5000) n; delete from t where id <= 4000; commit");
  source.exec("insert into t values (1, 'after', 7)");
  reader.catch_up(source);
  expect_equal(source, reader, "t");
  BOOST_TEST(reader.rows("t").size() == 1001U);
}

BOOST_AUTO_TEST_CASE(truncates_and_two_phase_commits_arrive_at_their_commit,
                     *tests::since(11)) {  // reliability 83, 136
  const Source source{
      "create table a (id integer primary key); create table b (id integer primary key, a_id integer references a)"};
  Reader reader{source.options(), source.consistent_point()};
  source.exec("insert into a values (1), (2); insert into b values (10, 1)");
  source.exec("begin; truncate a cascade; insert into a values (3); commit");
  source.exec("begin; insert into b values (11, 3); prepare transaction 'kept'");
  source.exec("begin; insert into b values (12, 3); prepare transaction 'gone'");
  source.exec("rollback prepared 'gone'");
  source.exec("commit prepared 'kept'");
  reader.catch_up(source);
  expect_equal(source, reader, "a");
  expect_equal(source, reader, "b");
  BOOST_TEST(reader.rows("b").size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_idle_stream_acknowledges_what_others_write) {  // reliability 39, 40
  const Source source{"create table t (id integer primary key)"};
  const Source other{"create table t (id integer primary key)"};
  Reader reader{source.options(), source.consistent_point()};
  reader.catch_up(source);
  other.exec("insert into t select generate_series(1, 20000)");
  const core::Lsn written = other.lsn("select pg_current_wal_lsn()");
  tests::wait_until([&] { return source.confirmed() >= written; }, "the slot to advance past what others wrote");
  BOOST_TEST((reader.acked() >= written));
}

BOOST_AUTO_TEST_CASE(a_resumed_stream_starts_exactly_at_the_checkpoint) {  // reliability 43, 149
  const Source source{"create table t (id integer primary key)"};
  core::Lsn checkpoint;
  {
    Reader first{source.options(), source.consistent_point()};
    source.exec("insert into t values (1)");
    first.catch_up(source);
    first.stop();
    checkpoint = first.applied();
    BOOST_TEST((source.confirmed() <= checkpoint));
  }
  source.exec("insert into t values (2)");
  Reader second{source.options(), checkpoint};
  second.catch_up(source);
  BOOST_TEST(second.rows("t").size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
