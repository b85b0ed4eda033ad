#include "replication/publication.hpp"

#include <boost/test/unit_test.hpp>

namespace {

const core::QualifiedName kA{"public", "a"};
const core::QualifiedName kB{"public", "b"};
const core::QualifiedName kC{"other", "c"};

replication::Publication whole(std::vector<replication::PublishedTable> tables) {
  replication::Publication publication;
  publication.name = "p";
  publication.publishes_insert = publication.publishes_update = publication.publishes_delete = true;
  publication.publishes_truncate = publication.is_via_partition_root = true;
  publication.tables = std::move(tables);
  return publication;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(publication_differences)

BOOST_AUTO_TEST_CASE(exactly_the_wanted_tables_make_no_difference) {
  BOOST_TEST(replication::compare(whole({{kA}, {kB}}), {kA, kB}).is_empty());
}

BOOST_AUTO_TEST_CASE(a_wanted_table_that_is_not_published_is_found) {
  const auto difference = replication::compare(whole({{kA}}), {kA, kC});
  BOOST_REQUIRE(difference.missing.size() == 1U);
  BOOST_CHECK(difference.missing[0] == kC);
  BOOST_TEST(!difference.is_complete());
  BOOST_TEST(difference.describe() == "not published: other.c");
}

BOOST_AUTO_TEST_CASE(an_extra_table_costs_nothing_but_is_told) {
  const auto difference = replication::compare(whole({{kA}, {kB}}), {kA});
  BOOST_TEST(difference.is_complete());
  BOOST_TEST(!difference.is_empty());
  BOOST_TEST(difference.extra.size() == 1U);
}

BOOST_AUTO_TEST_CASE(row_filters_and_column_lists_of_others_are_found) {  // reliability 138
  const auto difference = replication::compare(whole({{kA, true, false}, {kB, false, true}}), {kA, kB});
  BOOST_TEST(!difference.is_complete());
  BOOST_REQUIRE(difference.row_filtered.size() == 1U);
  BOOST_CHECK(difference.row_filtered[0] == kA);
  BOOST_REQUIRE(difference.column_listed.size() == 1U);
  BOOST_CHECK(difference.column_listed[0] == kB);
}

BOOST_AUTO_TEST_CASE(operations_that_are_not_published_are_named) {
  auto publication = whole({{kA}});
  publication.publishes_delete = false;
  publication.publishes_truncate = false;
  publication.is_via_partition_root = false;
  const auto difference = replication::compare(publication, {kA});
  BOOST_TEST(!difference.is_complete());
  BOOST_TEST(difference.describe() ==
             "operations not published: delete, truncate; partitions are published under their own names");
}

BOOST_AUTO_TEST_CASE(all_tables_and_schemas_bring_tables_in) {
  auto all = whole({});
  all.is_for_all_tables = true;
  const auto of_all = replication::compare(all, {kA, kC});
  BOOST_TEST(of_all.is_complete());
  BOOST_TEST(!of_all.is_empty());

  auto schema = whole({{kA}});
  schema.schemas = {"other"};
  BOOST_TEST(replication::compare(schema, {kA, kC}).is_complete());
  BOOST_TEST(replication::compare(schema, {kA, kB}).missing.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
