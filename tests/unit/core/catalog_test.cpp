#include "core/catalog.hpp"

#include <boost/test/unit_test.hpp>

using core::CatalogTable;

namespace {

CatalogTable table_with(std::vector<std::vector<std::string>> unique_keys) {
  CatalogTable table;
  table.name = {"public", "t"};
  table.unique_keys = std::move(unique_keys);
  for (const char* name : {"a", "b", "A"}) {
    core::CatalogColumn column;
    column.name = name;
    table.columns.push_back(column);
  }
  return table;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(catalog)

BOOST_AUTO_TEST_CASE(a_key_is_unique_when_some_of_its_columns_are) {
  const CatalogTable table = table_with({{"a"}, {"b", "c"}});
  BOOST_TEST(table.has_unique_key({"a"}));
  BOOST_TEST(table.has_unique_key({"b", "a"}));
  BOOST_TEST(table.has_unique_key({"c", "b"}));
  BOOST_TEST(!table.has_unique_key({"b"}));
  BOOST_TEST(!table.has_unique_key({}));
  BOOST_TEST(!table_with({}).has_unique_key({"a"}));
}

BOOST_AUTO_TEST_CASE(columns_and_tables_are_found_by_their_exact_names) {
  const CatalogTable table = table_with({});
  BOOST_TEST(table.column("a") == &table.columns[0]);
  BOOST_TEST(table.column("A") == &table.columns[2]);
  BOOST_TEST(table.column("c") == nullptr);
  core::Catalog catalog;
  catalog.tables.emplace(table.name, table);
  BOOST_TEST(catalog.table({"public", "t"}) != nullptr);
  BOOST_TEST(catalog.table({"other", "t"}) == nullptr);
}

BOOST_AUTO_TEST_CASE(names_in_public_are_shown_without_their_schema) {
  BOOST_TEST((core::QualifiedName{"public", "t"}.display()) == "t");
  BOOST_TEST((core::QualifiedName{"legacy", "t"}.display()) == "legacy.t");
}

BOOST_AUTO_TEST_SUITE_END()
