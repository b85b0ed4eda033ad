#include <boost/test/unit_test.hpp>

#include "pg/session.hpp"
#include "tests/integration/pg/fixture.hpp"

namespace {

using core::ErrorKind;
using pg::Side;
using tests::error_of;
using tests::session;

/// Nothing that a row held may be in what people read.
void expect_no_values(const core::Error& error) {
  BOOST_TEST_INFO(error.what());
  BOOST_TEST(std::string_view{error.what()}.find("secret") == std::string_view::npos);
}

BOOST_AUTO_TEST_SUITE(pg_error_kinds)

BOOST_AUTO_TEST_CASE(a_value_that_does_not_fit_is_data_and_not_quoted) {
  pg::Session own = session(Side::Target);
  for (const char* type : {"uuid", "integer", "timestamptz", "jsonb", "boolean", "inet", "int[]", "interval"}) {
    const core::Error error = error_of([&] { own.exec(std::string("select $1::text::") + type, {"secret, value"}); });
    BOOST_TEST_CONTEXT(error.what()) {
      BOOST_TEST((error.kind() == ErrorKind::Data));
      BOOST_TEST(!error.is_transient());
    }
    expect_no_values(error);
  }
  const core::Error range = error_of([&] { own.exec("select $1::text::int", {"99999999999"}); });
  BOOST_TEST(std::string_view{range.what()}.find("9999") == std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(constraints_are_named_with_their_table_and_column) {
  pg::Session own = session(Side::Target);
  own.exec("create table people (id int primary key, email text not null constraint short check (length(email) < 8))");
  own.exec("insert into people values (1, 'a')");
  const core::Error twice = error_of([&] { own.exec("insert into people values ($1::int, 'secret')", {"1"}); });
  BOOST_TEST((twice.kind() == ErrorKind::Data));
  BOOST_TEST(twice.context("constraint") == "people_pkey");
  BOOST_TEST(twice.context("table") == "people");
  BOOST_TEST(twice.message().find("\"people_pkey\"") != std::string::npos);
  expect_no_values(twice);
  const core::Error null = error_of([&] { own.exec("insert into people values (2, null)"); });
  BOOST_TEST(null.context("column") == "email");
  const core::Error check = error_of([&] { own.exec("insert into people values (2, $1)", {"secret secret"}); });
  BOOST_TEST(check.context("constraint") == "short");
  expect_no_values(check);
}

BOOST_AUTO_TEST_CASE(what_a_trigger_raises_is_data_without_its_text_whatever_code_it_chose) {
  pg::Session own = session(Side::Target);
  own.exec(R"(
    create table guarded (code text, note text);
    create function guard() returns trigger language plpgsql as $$
    begin
      raise exception 'no % here', new.note using errcode = new.code;
    end $$;
    create trigger guard before insert on guarded for each row execute function guard())");
  for (const char* code : {"P0001", "23503", "22000", "ZZ001", "XX000"}) {
    const core::Error error = error_of([&] { own.exec("insert into guarded values ($1, 'secret')", {code}); });
    BOOST_TEST((error.kind() == ErrorKind::Data));
    BOOST_TEST(error.sqlstate() == code);
    BOOST_TEST(error.context("raised_in") == "guard()");
    expect_no_values(error);
  }
}

BOOST_AUTO_TEST_CASE(sql_that_a_function_composes_from_values_is_not_quoted_either) {
  pg::Session own = session(Side::Target);
  own.exec(R"(
    create function composed(note text) returns void language plpgsql as $$
    begin execute 'select ' || note; end $$)");
  expect_no_values(error_of([&] { own.exec("select composed($1)", {"secret_column"}); }));
}

BOOST_AUTO_TEST_CASE(a_bad_row_of_copy_is_data_with_its_line) {
  pg::Session own = session(Side::Target);
  own.exec("create temp table numbers (a int, b int)");
  own.copy_in_begin("copy numbers from stdin");
  own.copy_in_data("1\t2\n3\tsecret\n");
  const core::Error error = error_of([&] { own.copy_in_finish(); });
  BOOST_TEST((error.kind() == ErrorKind::Data));
  BOOST_TEST(error.context("line") == "2");
  BOOST_TEST(error.context("column") == "b");
  expect_no_values(error);
  BOOST_TEST(own.exec("select count(*) from numbers").integer(0, 0) == 0);
}

BOOST_AUTO_TEST_CASE(missing_objects_and_rights_concern_the_side) {
  tests::shared_cluster().database().exec("create role nobody_special login");
  for (const auto& [side, kind] :
       {std::pair{Side::Source, ErrorKind::Source}, std::pair{Side::Target, ErrorKind::Target}}) {
    pg::Session own = session(side, "postgres", "nobody_special");
    const core::Error missing = error_of([&] { own.exec("select * from public.missing_table"); });
    BOOST_TEST((missing.kind() == kind));
    BOOST_TEST(!missing.is_transient());
    BOOST_TEST(missing.message().find("missing_table") != std::string::npos);
    const core::Error denied = error_of([&] { own.exec("select * from pg_catalog.pg_authid"); });
    BOOST_TEST((denied.kind() == kind));
    BOOST_TEST(denied.sqlstate() == "42501");
    BOOST_TEST(!denied.remedy().empty());
  }
}

BOOST_AUTO_TEST_CASE(row_security_is_an_error_instead_of_missing_rows) {
  pg::Session admin = session(Side::Target);
  admin.exec(R"(
    create table policed (a int); insert into policed values (1);
    alter table policed enable row level security;
    create role policed_reader login; grant select on policed to policed_reader)");
  pg::Session reader = session(Side::Target, "postgres", "policed_reader");
  BOOST_TEST(error_of([&] { reader.exec("select count(*) from policed"); }).sqlstate() == "42501");
}

BOOST_AUTO_TEST_CASE(a_lock_that_is_not_given_back_is_transient) {
  pg::Session holder = session(Side::Target);
  holder.exec("create table locked (a int)");
  holder.exec("begin; lock table locked");
  pg::Session waiter{tests::params(Side::Target).with_setting("lock_timeout", "20ms"), "test"};
  const core::Error error = error_of([&] { waiter.exec("select * from locked"); });
  BOOST_TEST(error.sqlstate() == "55P03");
  BOOST_TEST(error.is_transient());
  BOOST_TEST((error.kind() == ErrorKind::Target));
}

BOOST_AUTO_TEST_CASE(a_plan_that_no_longer_fits_its_table_is_no_fault_of_the_row) {
  pg::Session own = session(Side::Target);
  own.exec("create table shape (a int)");
  own.prepare("all", "select * from shape");
  own.exec("alter table shape add b int");
  const core::Error error = error_of([&] { own.exec_prepared("all", {}); });
  BOOST_TEST(error.sqlstate() == "0A000");
  BOOST_TEST((error.kind() == ErrorKind::Target));
  BOOST_TEST(error.is_transient());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
