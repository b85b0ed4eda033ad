#include <boost/test/unit_test.hpp>

#include "core/error.hpp"
#include "pg/exported_snapshot.hpp"
#include "pg/session.hpp"
#include "replication/marker.hpp"
#include "replication/slot.hpp"
#include "replication/slot_health.hpp"
#include "replication/slot_peek.hpp"
#include "tests/integration/replication/reader.hpp"
#include "tests/integration/replication/source.hpp"
#include "tests/support/wait.hpp"

using tests::Source;

BOOST_AUTO_TEST_SUITE(slot_on_server, *boost::unit_test::label("matrix"))

BOOST_AUTO_TEST_CASE(the_health_of_a_slot_is_read_on_either_kind_of_connection) {
  const Source source{"create table t (id integer primary key)"};
  pg::Session session{source.params(), "test"};
  pg::ReplicationConnection stream{source.params(), "test"};
  for (const auto& health :
       {replication::read_slot_health(session, source.name()), replication::read_slot_health(stream, source.name())}) {
    BOOST_REQUIRE(health.has_value());
    BOOST_TEST(health->plugin == "pgoutput");
    BOOST_TEST(health->database == source.name());
    BOOST_TEST(!health->is_temporary);
    BOOST_TEST(!health->active_pid.has_value());
    BOOST_TEST((health->confirmed_flush_lsn == source.consistent_point()));
    BOOST_TEST((health->restart_lsn <= health->confirmed_flush_lsn));
    BOOST_TEST(health->retained_bytes.value() >= 0);
    BOOST_TEST(health->wal_status == (tests::source_version() >= 13 ? "reserved" : ""));
    BOOST_TEST(!health->is_lost());
    BOOST_TEST((health->wal_position >= health->confirmed_flush_lsn));
  }
  BOOST_TEST(!replication::read_slot_health(session, "it's not there").has_value());
}

BOOST_AUTO_TEST_CASE(a_slot_is_dropped_once_and_not_while_it_is_read) {
  const Source source{"create table t (id integer primary key)"};
  pg::Session session{source.params(), "test"};
  {
    tests::Reader reader{source.options(), source.consistent_point()};
    reader.catch_up(source);
    BOOST_CHECK_EXCEPTION(replication::drop_slot(session, source.name()), core::Error, [&](const core::Error& error) {
      return error.sqlstate() == "55006" && error.context("holder_pid") == std::to_string(reader.state().backend_pid);
    });
  }
  BOOST_TEST(replication::drop_slot(session, source.name()));
  BOOST_TEST(!replication::drop_slot(session, source.name()));
}

BOOST_AUTO_TEST_CASE(a_slot_that_lost_its_wal_is_refused, *tests::since(13)) {  // reliability 32
  tests::Cluster cluster{{.name = "lossy",
                          .wal_level = "logical",
                          .conf = {"max_slot_wal_keep_size = '1MB'", "max_wal_size = '32MB'", "min_wal_size = '32MB'"},
                          .bin_dir = tests::source_bin_dir()}};
  const tests::Database database = cluster.database();
  pg::Session session{pg::ConnectionParams::parse(pg::Side::Source, cluster.url()), "test"};
  const core::Lsn start = replication::create_slot(session, "lossy");
  database.exec("create table t (id integer)");
  for (int round = 0; round < 4; ++round) database.exec("insert into t values (1); select pg_switch_wal()");
  database.exec("checkpoint");
  const auto health = replication::read_slot_health(session, "lossy");
  BOOST_REQUIRE(health.has_value());
  BOOST_TEST(health->is_lost());
  BOOST_CHECK_EXCEPTION(replication::require_usable(health, {"lossy", "postgres", start}), core::Error,
                        [](const core::Error& error) {
                          return error.kind() == core::ErrorKind::Refused && error.context("wal_status") == "lost";
                        });
}

BOOST_AUTO_TEST_CASE(a_marker_lies_after_everything_that_was_committed_before_it) {
  const Source source{"create table t (id integer primary key)"};
  pg::Session session{source.params(), "test"};
  source.exec("insert into t values (1)");
  const core::Lsn before = source.lsn("select pg_current_wal_flush_lsn()");
  const replication::Marker marker = replication::emit_marker(session, "it's a 'marker'");
  BOOST_TEST((marker.barrier_lsn >= before));
  BOOST_TEST((marker.message_lsn > marker.barrier_lsn));
  BOOST_TEST(marker.arrives_in_stream == (tests::source_version() >= 14));
}

BOOST_AUTO_TEST_CASE(the_first_change_that_is_pending_is_told_with_its_table_and_again_as_often_as_asked) {
  const Source source{"create table t (id integer primary key); create table u (id integer primary key)"};
  pg::Session session{source.params(), "test"};
  const auto pending = [&](core::Lsn applied = {}) {
    return replication::first_pending_change(session, source.name(), source.name(), applied);
  };
  BOOST_TEST(!pending().has_value());
  source.exec("begin; insert into t values (1); rollback");
  BOOST_TEST(!pending().has_value());
  source.exec("insert into u values (1)");
  const core::Lsn between = source.lsn("select pg_current_wal_insert_lsn()");
  source.exec("truncate t");
  for (int round = 0; round < 2; ++round) {
    const auto change = pending();
    BOOST_REQUIRE(change.has_value());
    BOOST_TEST(change->table == "u");
    BOOST_TEST((change->lsn < between));
  }
  BOOST_TEST(pending(between).value().table == "t");
  BOOST_TEST(!pending(source.lsn("select pg_current_wal_insert_lsn()")).has_value());
}

BOOST_AUTO_TEST_CASE(a_look_into_a_slot_does_not_wait_for_a_record_that_is_half_on_disk) {
  const Source source{"create table t (id integer primary key, text text)"};
  pg::Session session{source.params(), "test"};
  // Once woken, the server's log writer takes whole pages to disk and leaves the last one for its next round, ten seconds later.
  source.exec("alter system set wal_writer_delay = '10s'");
  source.exec("alter system set wal_writer_flush_after = 0");
  source.exec("select pg_reload_conf()");
  session.exec("set statement_timeout = '5s'");
  for (int round = 0; round < 3; ++round) {
    const core::Lsn before = source.lsn("select pg_current_wal_insert_lsn()");
    source.exec("begin; insert into t select i, repeat('x', 100) from generate_series(1, 1000) as i; rollback");
    tests::wait_until([&] { return source.lsn("select pg_current_wal_flush_lsn()") > before; },
                      "the log writer has written");
    BOOST_TEST(!replication::first_pending_change(session, source.name(), source.name(), core::Lsn{}).has_value());
  }
  source.exec("alter system reset wal_writer_delay");
  source.exec("alter system reset wal_writer_flush_after");
  source.exec("select pg_reload_conf()");
}

BOOST_AUTO_TEST_SUITE_END()
