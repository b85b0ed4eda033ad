#include "pg/exported_snapshot.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "tests/integration/pg/fixture.hpp"
#include "tests/support/wait.hpp"

namespace {

using core::ErrorKind;
using pg::ExportedSnapshot;
using pg::Side;
using tests::error_of;
using tests::session;
using tests::shared_cluster;

std::string slot_count(const std::string& condition) {
  return shared_cluster()
      .database()
      .query_value("select count(*) from pg_replication_slots where " + condition)
      .value();
}

BOOST_AUTO_TEST_SUITE(pg_exported_snapshot)

BOOST_AUTO_TEST_CASE(a_transaction_is_in_the_snapshot_iff_it_committed_before_the_consistent_point) {
  pg::Session admin = session(Side::Source);
  admin.exec("create table public.written (writer int, n int)");
  // A second slot, made before anything is written, tells every transaction's commit LSN.
  admin.exec("select pg_catalog.pg_create_logical_replication_slot('witness', 'test_decoding')");
  std::atomic<bool> is_enough{false};
  std::atomic<int> committed{0};
  {
    std::vector<std::jthread> writers;
    const auto stop = [&] { is_enough = true; };
    struct AtExit {
      decltype(stop)& action;
      ~AtExit() { action(); }
    } const at_exit{stop};
    for (int writer = 0; writer < 3; ++writer) {
      writers.emplace_back([&, writer] {
        tests::Sql sql = shared_cluster().database().session();
        for (int n = 0; !is_enough; ++n, ++committed) {
          sql.exec("insert into written values (" + std::to_string(writer) + ", " + std::to_string(n) + ")");
        }
      });
    }
    tests::wait_until([&] { return committed > 200; }, "the writers write");

    std::vector<std::pair<core::Lsn, std::set<std::string>>> snapshots;
    for (int round = 0; round < 3; ++round) {
      const ExportedSnapshot snapshot =
          ExportedSnapshot::temporary(tests::params(Side::Source), std::chrono::seconds(30), {});
      const int before = committed;
      tests::wait_until([&] { return committed > before + 100; }, "more is written after the snapshot");
      pg::Session reader = session(Side::Source);
      pg::import_snapshot(reader, snapshot.name());
      std::set<std::string> rows;
      const pg::Result result = reader.exec("select writer || ':' || n from public.written");
      for (std::size_t row = 0; row < result.rows(); ++row) rows.insert(result.text(row, 0));
      snapshots.emplace_back(snapshot.consistent_point(), std::move(rows));
    }
    stop();
    writers.clear();

    // test_decoding: BEGIN / INSERT / COMMIT, where the row's lsn of COMMIT is the commit's end; the start is the last row's that precedes it.
    std::map<std::string, core::Lsn> end_of;
    std::vector<std::string> open;
    for (const auto& change : shared_cluster().database().query_rows(
             "select lsn, data from pg_logical_slot_get_changes('witness', null, null)")) {
      const std::string& data = change[1].value();
      if (data.starts_with("table public.written: INSERT")) {
        const auto number = [&](const std::string& name) {
          const std::size_t at = data.find(name) + name.size();
          return data.substr(at, data.find_first_not_of("0123456789", at) - at);
        };
        open.push_back(number("writer[integer]:") + ":" + number(" n[integer]:"));
      } else if (data.starts_with("COMMIT")) {
        for (const std::string& row : open) end_of[row] = core::Lsn::parse(change[0].value()).value();
        open.clear();
      }
    }
    for (const auto& [point, rows] : snapshots) {
      std::set<std::string> expected;
      for (const auto& [row, end] : end_of) {
        if (end <= point) expected.insert(row);  // the same as: its commit record starts before the point
      }
      BOOST_TEST(rows.size() > 100U);
      BOOST_TEST(expected.size() < end_of.size());
      BOOST_TEST((rows == expected));
    }
  }
  admin.exec("select pg_catalog.pg_drop_replication_slot('witness')");
}

BOOST_AUTO_TEST_CASE(a_temporary_slot_ends_with_its_object_and_the_snapshot_with_it) {
  std::string name;
  {
    const ExportedSnapshot snapshot =
        ExportedSnapshot::temporary(tests::params(Side::Source), std::chrono::seconds(30), {});
    name = snapshot.name();
    BOOST_TEST(slot_count("temporary") == "1");
  }
  tests::wait_until([] { return slot_count("temporary") == "0"; }, "the temporary slot goes");
  pg::Session reader = session(Side::Source);
  const core::Error error = error_of([&] { pg::import_snapshot(reader, name); });
  BOOST_TEST((error.kind() == ErrorKind::Source));
  BOOST_TEST(error.is_transient());
  BOOST_TEST(!reader.in_transaction());
}

BOOST_AUTO_TEST_CASE(a_persistent_slot_stays_and_is_not_made_twice) {
  {
    const ExportedSnapshot snapshot =
        ExportedSnapshot::with_slot(tests::params(Side::Source), "lasting", std::chrono::seconds(30), {});
    BOOST_TEST(snapshot.consistent_point().is_valid());
  }
  BOOST_TEST(slot_count("slot_name = 'lasting' and plugin = 'pgoutput' and not temporary") == "1");
  const core::Error error = error_of(
      [] { ExportedSnapshot::with_slot(tests::params(Side::Source), "lasting", std::chrono::seconds(30), {}); });
  BOOST_TEST((error.kind() == ErrorKind::Refused));
  BOOST_TEST(error.context("slot") == "lasting");
  BOOST_TEST(slot_count("slot_name = 'lasting'") == "1");
  tests::wait_until([] { return slot_count("slot_name = 'lasting' and active") == "0"; }, "the slot is free");
  shared_cluster().database().exec("select pg_drop_replication_slot('lasting')");
}

BOOST_AUTO_TEST_CASE(creation_behind_an_open_transaction_names_who_holds_it_up_and_is_bounded) {
  pg::Session writer = session(Side::Source);
  writer.exec("create table public.held (a int)");
  writer.exec("begin; insert into public.held values (1)");
  const std::string pid = "pid " + std::to_string(writer.backend_pid());
  std::vector<std::string> told;
  const core::Error error = error_of([&] {
    ExportedSnapshot::with_slot(tests::params(Side::Source), "bounded", std::chrono::seconds(3),
                                [&](const std::string& blocker) { told.push_back(blocker); });
  });
  BOOST_TEST_INFO(error.what());
  BOOST_TEST((error.kind() == ErrorKind::Source));
  BOOST_TEST(error.is_transient());
  BOOST_TEST(error.context("blocker").find(pid + ", user postgres") != std::string::npos);
  BOOST_TEST(error.context("blocker").find("idle in transaction since") != std::string::npos);
  BOOST_REQUIRE(!told.empty());
  BOOST_TEST(told.front().find(pid) != std::string::npos);
  BOOST_TEST(slot_count("slot_name = 'bounded'") == "0");
}

BOOST_AUTO_TEST_CASE(creation_goes_on_once_the_transaction_ends) {
  pg::Session writer = session(Side::Source);
  writer.exec("create table public.ending (a int)");
  writer.exec("begin; insert into public.ending values (1)");
  bool has_ended = false;
  const ExportedSnapshot snapshot =
      ExportedSnapshot::temporary(tests::params(Side::Source), std::chrono::seconds(60), [&](const std::string&) {
        if (!has_ended) writer.exec("commit");
        has_ended = true;
      });
  BOOST_TEST(has_ended);
  pg::Session reader = session(Side::Source);
  pg::import_snapshot(reader, snapshot.name());
  BOOST_TEST(reader.exec("select count(*) from public.ending").integer(0, 0) == 1);
}

BOOST_AUTO_TEST_CASE(a_quiet_database_gives_its_snapshot_at_once_and_waits_for_nobody) {
  pg::Session writer = session(Side::Source);
  writer.exec("create table public.calm (a int)");
  tests::Sql waiting = shared_cluster().database().session();
  waiting.exec("begin; select txid_current()");
  const core::Lsn before =
      core::Lsn::parse(
          writer.exec("insert into public.calm values (1) returning pg_current_wal_insert_lsn()").text(0, 0))
          .value();
  const ExportedSnapshot snapshot = ExportedSnapshot::of_quiet_database(tests::params(Side::Source));
  const core::Lsn after = core::Lsn::parse(writer.exec("select pg_current_wal_insert_lsn()").text(0, 0)).value();
  writer.exec("insert into public.calm values (2)");
  BOOST_TEST((before < snapshot.consistent_point()));
  BOOST_TEST((snapshot.consistent_point() <= after));
  pg::Session reader = session(Side::Source);
  pg::import_snapshot(reader, snapshot.name());
  BOOST_TEST(reader.exec("select string_agg(a::text, ',') from public.calm").text(0, 0) == "1");
  BOOST_TEST(slot_count("temporary") == "0");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
