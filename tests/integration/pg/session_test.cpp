#include "pg/session.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>

#include "core/array_literal.hpp"
#include "pg/copy_text.hpp"
#include "pg/pinned_settings.hpp"
#include "pg/quoting.hpp"
#include "tests/integration/pg/fixture.hpp"
#include "tests/support/wait.hpp"

namespace {

using core::ErrorKind;
using pg::Side;
using tests::error_of;
using tests::session;
using tests::shared_cluster;

BOOST_AUTO_TEST_SUITE(pg_session)

BOOST_AUTO_TEST_CASE(settings_are_pinned_although_role_and_database_have_odd_ones) {
  const tests::Database admin = shared_cluster().database();
  admin.exec("CREATE ROLE odd LOGIN");
  admin.exec("CREATE DATABASE odd");
  std::vector<std::string> settings = {"DateStyle = 'German, DMY'",  "IntervalStyle = 'iso_8601'",
                                       "TimeZone = 'Asia/Tokyo'",    "extra_float_digits = 0",
                                       "bytea_output = 'escape'",    "standard_conforming_strings = off",
                                       "statement_timeout = '50ms'", "idle_in_transaction_session_timeout = '50ms'",
                                       "lock_timeout = '1ms'",       "row_security = on",
                                       "search_path = 'elsewhere'",  "default_transaction_read_only = on",
                                       "synchronous_commit = off",   "client_encoding = 'LATIN1'",
                                       "array_nulls = off",          "xmloption = 'document'",
                                       "lc_monetary = 'POSIX'",      "transform_null_equals = on"};
  if (shared_cluster().major_version() >= 11) settings.emplace_back("jit = on");
  if (shared_cluster().major_version() >= 14) settings.emplace_back("idle_session_timeout = '1h'");
  for (const std::string& setting : settings) {
    admin.exec("ALTER ROLE odd SET " + setting);
    admin.exec("ALTER DATABASE odd SET " + setting);
  }
  for (const Side side : {Side::Source, Side::Target}) {
    pg::Session odd = session(side, "odd", "odd");
    for (const auto& [name, value] : pg::pinned_settings(side)) {
      BOOST_TEST_CONTEXT(name) {
        BOOST_TEST(odd.exec("select pg_catalog.current_setting($1)", {name}).text(0, 0) == value);
      }
    }
    BOOST_TEST(odd.exec("show jit").text(0, 0) == "off");
    if (shared_cluster().major_version() >= 14) BOOST_TEST(odd.exec("show idle_session_timeout").text(0, 0) == "0");
    BOOST_TEST(odd.exec("show application_name").text(0, 0) == "dispatch-sync/test");
    BOOST_TEST(odd.exec("select 0.1::float8 + 0.2::float8").text(0, 0) == "0.30000000000000004");
    BOOST_TEST(odd.exec("select timestamptz '2024-03-01 12:00:00+00'").text(0, 0) == "2024-03-01 12:00:00+00");
  }
}

BOOST_AUTO_TEST_CASE(a_callers_setting_wins_whatever_its_unit) {
  pg::Session own{tests::params(Side::Target).with_setting("lock_timeout", "2000ms"), "test"};
  BOOST_TEST(own.exec("show lock_timeout").text(0, 0) == "2s");
}

BOOST_AUTO_TEST_CASE(texts_with_quotes_backslashes_and_line_breaks_come_back_unchanged) {
  pg::Session own = session(Side::Target);
  const std::string odd = "it's \"quoted\" \\ back\nline\r\ttab \x01 \xE2\x82\xAC {a,b} \\N $1";
  BOOST_TEST(own.exec("select $1::text", {odd}).text(0, 0) == odd);
  BOOST_TEST(own.exec("select " + pg::quote_literal(odd)).text(0, 0) == odd);
  std::string array = "{";
  core::append_array_element(array, core::Value::of(odd));
  array += ',';
  core::append_array_element(array, core::Value::null());
  array += '}';
  const pg::Result element = own.exec("select ($1::text[])[1], ($1::text[])[2]", {array});
  BOOST_TEST(element.text(0, 0) == odd);
  BOOST_TEST(!element.get(0, 1).has_value());

  own.exec("create temp table copied (a text, b text)");
  own.copy_in_begin("copy copied from stdin");
  std::string line;
  pg::append_copy_value(line, core::Value::of(odd));
  line += '\t';
  pg::append_copy_value(line, core::Value::null());
  line += '\n';
  own.copy_in_data(line);
  BOOST_TEST(own.copy_in_finish() == 1U);
  own.copy_out_begin("copy copied to stdout");
  const auto row = own.copy_out_row();
  BOOST_REQUIRE(row.has_value());
  BOOST_TEST((pg::decode_copy_line(*row, 2)[0] == core::Value::of(odd)));
  BOOST_TEST(pg::decode_copy_line(*row, 2)[1].is_null());
  BOOST_TEST(!own.copy_out_row().has_value());
}

BOOST_AUTO_TEST_CASE(a_parameter_with_a_zero_byte_is_refused_instead_of_cut) {
  pg::Session own = session(Side::Target);
  const core::Error error = error_of([&] { own.exec("select $1::text", {std::string_view{"a\0b", 3}}); });
  BOOST_TEST((error.kind() == ErrorKind::Data));
  BOOST_TEST(error.sqlstate() == "22021");
  BOOST_TEST(own.exec("select 1").integer(0, 0) == 1);
}

BOOST_AUTO_TEST_CASE(prepared_statements_count_rows_and_tell_null_from_empty) {
  pg::Session own = session(Side::Target);
  own.exec("create temp table t (a int, b text)");
  own.prepare("ins", "insert into t values ($1::int, $2)");
  const std::vector<pg::Param> with_null{"1", std::nullopt};
  const std::vector<pg::Param> with_empty{"2", ""};
  BOOST_TEST(own.exec_prepared("ins", with_null).affected_rows() == 1U);
  own.exec_prepared("ins", with_empty);
  const pg::Result rows = own.exec("select a, b, a = 1 from t order by a");
  BOOST_TEST(rows.rows() == 2U);
  BOOST_TEST(!rows.get(0, 1).has_value());
  BOOST_TEST(rows.get(1, 1).value() == "");
  BOOST_TEST(rows.is_true(0, 2));
  BOOST_TEST(!rows.is_true(1, 2));
  BOOST_TEST((error_of([&] { static_cast<void>(rows.integer(0, 1)); }).kind() == ErrorKind::Bug));
  BOOST_TEST((error_of([&] { static_cast<void>(rows.get(2, 0)); }).kind() == ErrorKind::Bug));
}

BOOST_AUTO_TEST_CASE(a_statement_is_described_without_running_and_errors_have_a_position) {
  pg::Session own = session(Side::Target);
  const auto columns = own.describe("select 1/0 as broken, 'x'::varchar(7) as v");
  BOOST_REQUIRE(columns.size() == 2U);
  BOOST_TEST(columns[0].name == "broken");
  BOOST_TEST(columns[0].type.value == 23U);
  BOOST_TEST(columns[1].type_modifier == 11);
  const core::Error error = error_of([&] { static_cast<void>(own.describe("select\n  nope")); });
  BOOST_TEST(error.context("position") == "10");
  BOOST_TEST(error.sqlstate() == "42703");
}

BOOST_AUTO_TEST_CASE(a_copy_that_was_left_in_the_middle_does_not_disturb_the_next_statement) {
  pg::Session own = session(Side::Target);
  own.exec("create temp table t (a text)");
  own.copy_in_begin("copy t from stdin");
  own.copy_in_data("abc\n");
  BOOST_TEST(own.exec("select count(*) from t").integer(0, 0) == 0);

  own.copy_out_begin("copy (select repeat('x', 1000) from generate_series(1, 100000)) to stdout");
  BOOST_TEST(own.copy_out_row().has_value());
  BOOST_TEST(own.exec("select 7").integer(0, 0) == 7);

  {
    pg::TransactionBlock block{own};
    own.copy_in_begin("copy t from stdin");
  }
  BOOST_TEST(!own.in_transaction());
  BOOST_TEST(!own.is_broken());
}

BOOST_AUTO_TEST_CASE(a_transaction_block_rolls_back_unless_committed) {
  pg::Session own = session(Side::Target);
  own.exec("create table kept (a int)");
  {
    pg::TransactionBlock block{own};
    own.exec("insert into kept values (1)");
  }
  BOOST_TEST(own.exec("select count(*) from kept").integer(0, 0) == 0);
  pg::TransactionBlock block{own, "ISOLATION LEVEL SERIALIZABLE"};
  own.exec("insert into kept values (1)");
  block.commit();
  BOOST_TEST(own.exec("select count(*) from kept").integer(0, 0) == 1);
}

BOOST_AUTO_TEST_CASE(committing_a_failed_transaction_is_not_taken_for_success) {
  pg::Session own = session(Side::Target);
  pg::TransactionBlock block{own};
  error_of([&] { own.exec("select 1/0"); });
  BOOST_TEST((error_of([&] { block.commit(); }).kind() == ErrorKind::Bug));
}

BOOST_AUTO_TEST_CASE(a_deferred_constraint_fails_at_commit_as_data) {
  pg::Session own = session(Side::Target);
  own.exec("create table deferred (a int unique deferrable initially deferred)");
  pg::TransactionBlock block{own};
  own.exec("insert into deferred values (1), (1)");
  const core::Error error = error_of([&] { block.commit(); });
  BOOST_TEST((error.kind() == ErrorKind::Data));
  BOOST_TEST(error.sqlstate() == "23505");
  BOOST_TEST(!own.is_broken());
}

BOOST_AUTO_TEST_CASE(a_connection_lost_at_commit_leaves_the_outcome_in_doubt) {
  pg::Session own = session(Side::Target);
  pg::TransactionBlock block{own};
  own.exec("create table doubt (a int)");
  const int pid = own.backend_pid();
  shared_cluster().database().exec("select pg_terminate_backend(" + std::to_string(pid) + ")");
  tests::wait_until(
      [&] {
        return shared_cluster().database().query_value("select count(*) from pg_stat_activity where pid = " +
                                                       std::to_string(pid)) == "0";
      },
      "the backend ends");
  BOOST_TEST((error_of([&] { block.commit(); }).kind() == ErrorKind::InDoubt));
  BOOST_TEST(own.is_broken());
}

BOOST_AUTO_TEST_CASE(a_broken_session_throws_and_does_not_reconnect) {
  pg::Session own = session(Side::Source);
  const core::Error first = error_of([&] { own.exec("select pg_terminate_backend(pg_backend_pid())"); });
  BOOST_TEST(first.sqlstate() == "57P01");
  BOOST_TEST(first.is_transient());
  BOOST_TEST((first.kind() == ErrorKind::Source));
  BOOST_TEST(own.is_broken());
  for (int again = 0; again < 2; ++again) {
    const core::Error later = error_of([&] { own.exec("select 1"); });
    BOOST_TEST(later.is_transient());
    BOOST_TEST((later.kind() == ErrorKind::Source));
  }
}

BOOST_AUTO_TEST_CASE(a_running_statement_is_cancelled_from_another_thread) {
  pg::Session own = session(Side::Target);
  const std::string waiting = "select count(*) from pg_stat_activity where wait_event = 'PgSleep' and pid = " +
                              std::to_string(own.backend_pid());
  std::jthread canceller{[&] {
    tests::wait_until([&] { return shared_cluster().database().query_value(waiting) == "1"; }, "the statement runs");
    own.cancel();
  }};
  BOOST_TEST(error_of([&] { own.exec("select pg_sleep(60)"); }).sqlstate() == "57014");
  canceller.join();
  BOOST_TEST(own.exec("select 1").integer(0, 0) == 1);
}

// reliability 128: the server's parting warning is read first, and libpq then reports the failed write on a connection that it calls good
BOOST_AUTO_TEST_CASE(a_statement_after_a_crash_of_the_server_meets_a_lost_connection) {
  for (const Side side : {Side::Source, Side::Target}) {
    pg::Session own = session(side);
    own.exec("select 1");
    shared_cluster().restart(tests::StopMode::Immediate);
    const core::Error error = error_of([&] { own.exec("select 1"); });
    BOOST_TEST((error.kind() == (side == Side::Source ? ErrorKind::Source : ErrorKind::Target)), error.what());
    BOOST_TEST(error.is_transient(), error.what());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
