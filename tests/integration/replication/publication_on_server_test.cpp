#include <boost/test/unit_test.hpp>

#include "core/error.hpp"
#include "pg/session.hpp"
#include "replication/publication.hpp"
#include "tests/integration/replication/source.hpp"

using tests::Source;

namespace {

const core::QualifiedName kA{"public", "a"};
const core::QualifiedName kOdd{"Odd schema", "Odd \"table\""};
const core::QualifiedName kParted{"public", "parted"};

const char* const kSchema = R"sql(
create table a (id integer primary key, secret text);
create schema "Odd schema";
create table "Odd schema"."Odd ""table""" (id integer primary key);
create table parted (id integer primary key) partition by range (id);
create table parted_low partition of parted for values from (0) to (10);
)sql";

}  // namespace

BOOST_AUTO_TEST_SUITE(publication_on_server, *boost::unit_test::label("matrix"))

BOOST_AUTO_TEST_CASE(a_created_publication_is_what_was_wanted, *tests::since(13)) {
  const Source source{kSchema};
  pg::Session session{source.params(), "test"};
  BOOST_TEST(!replication::read_publication(session, "made").has_value());
  replication::create_publication(session, "made", {kA, kOdd, kParted});
  const auto publication = replication::read_publication(session, "made");
  BOOST_REQUIRE(publication.has_value());
  BOOST_TEST(replication::compare(*publication, {kA, kOdd, kParted}).is_empty());
  BOOST_TEST(replication::drop_publication(session, "made"));
  BOOST_TEST(!replication::drop_publication(session, "made"));
}

BOOST_AUTO_TEST_CASE(what_somebody_else_changed_is_found_and_put_right, *tests::since(15)) {  // reliability 138
  const Source source{kSchema};
  pg::Session session{source.params(), "test"};
  source.exec(
      "create publication other for table a (id) where (id > 5), \"Odd schema\".\"Odd \"\"table\"\"\" with (publish = "
      "'insert')");
  const auto publication = replication::read_publication(session, "other");
  BOOST_REQUIRE(publication.has_value());
  const auto difference = replication::compare(*publication, {kA, kParted});
  BOOST_TEST(!difference.is_complete());
  BOOST_TEST(difference.row_filtered.size() == 1U);
  BOOST_TEST(difference.column_listed.size() == 1U);
  BOOST_TEST(difference.missing.size() == 1U);
  BOOST_TEST(difference.extra.size() == 1U);
  BOOST_TEST(difference.missing_operations.size() == 3U);
  BOOST_TEST(difference.is_not_via_partition_root);

  replication::alter_publication(session, *publication, {kA, kParted});
  BOOST_TEST(replication::compare(replication::read_publication(session, "other").value(), {kA, kParted}).is_empty());
}

BOOST_AUTO_TEST_CASE(a_publication_of_all_tables_or_schemas_is_complete_but_not_ours_to_alter) {
  const Source source{
      "create table a (id integer primary key); create schema \"Odd schema\"; create table \"Odd "
      "schema\".\"Odd \"\"table\"\"\" (id integer primary key)"};
  pg::Session session{source.params(), "test"};
  const auto of_all = replication::read_publication(session, source.name());
  BOOST_REQUIRE(of_all.has_value());
  BOOST_TEST(of_all->is_for_all_tables);
  BOOST_TEST(replication::compare(*of_all, {kA, kOdd}).is_complete());
  BOOST_CHECK_EXCEPTION(replication::alter_publication(session, *of_all, {kA}), core::Error,
                        [](const core::Error& error) { return error.kind() == core::ErrorKind::Refused; });
  if (tests::source_version() < 15) return;

  source.exec(
      "create publication by_schema for tables in schema \"Odd schema\" with (publish_via_partition_root = true)");
  const auto by_schema = replication::read_publication(session, "by_schema");
  BOOST_REQUIRE(by_schema.has_value());
  BOOST_TEST(replication::compare(*by_schema, {kOdd}).is_complete());
  BOOST_TEST(replication::compare(*by_schema, {kA}).missing.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
