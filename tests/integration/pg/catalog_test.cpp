#include "pg/catalog.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/integration/pg/fixture.hpp"

namespace {

using pg::Side;
using Names = std::vector<std::string>;

/// A database of its own with the schema below, read once per side.
core::Catalog read(Side side) {
  static const bool is_made = [] {
    tests::shared_cluster().database().exec("create database catalogued");
    tests::shared_cluster().database("catalogued").exec(R"(
      create type mood as enum ('good', 'bad');
      create domain key as int not null;
      create domain longer_key as key;
      create schema "Odd One";
      create table "Odd One"."Parent" (a int, "B b" text, primary key ("B b", a));
      create table child (
        id key primary key,
        pa int, pb text,
        name varchar(100) not null default '',
        mood mood, moods mood[],
        doc json, docs json[], docb jsonb, place point,
        numbers int[],
        twice int generated always as (pa * 2) stored,
        serial bigint generated always as identity,
        other longer_key,
        gone int,
        unique (pa, pb), unique (name) deferrable,
        constraint to_parent foreign key (pb, pa) references "Odd One"."Parent" on delete cascade deferrable);
      alter table child drop column gone;
      create unique index child_partial on child (pa) where pa > 0;
      create unique index child_expression on child (lower(name));
      create unique index child_included on child (serial) include (pa);
      alter table child enable row level security;
      create table ident (a int not null, b int);
      create unique index ident_a on ident (a);
      alter table ident replica identity using index ident_a;
      create table log (a int); alter table log replica identity full;
      create table parted (id int primary key, a int) partition by range (id);
      create table parted_1 partition of parted for values from (0) to (10);
      create table refers (a int references parted);
      create view seen as select id, name from child;
    )");
    return true;
  }();
  static_cast<void>(is_made);
  pg::Session session = tests::session(side, "catalogued");
  return pg::read_catalog(session, {"public", "Odd One"});
}

const core::CatalogTable& table(const core::Catalog& catalog, const std::string& name,
                                const std::string& schema = "public") {
  const core::CatalogTable* found = catalog.table({schema, name});
  BOOST_REQUIRE_MESSAGE(found != nullptr, "no table " << name);
  return *found;
}

const core::CatalogColumn& column(const core::CatalogTable& in, const std::string& name) {
  const core::CatalogColumn* found = in.column(name);
  BOOST_REQUIRE_MESSAGE(found != nullptr, "no column " << name);
  return *found;
}

BOOST_AUTO_TEST_SUITE(pg_catalog)

BOOST_AUTO_TEST_CASE(tables_partitions_and_views_are_listed_with_their_kind) {
  const core::Catalog catalog = read(Side::Source);
  BOOST_TEST(catalog.tables.size() == 8U);
  BOOST_TEST(table(catalog, "parted").kind == 'p');
  BOOST_TEST(table(catalog, "parted_1").is_partition);
  BOOST_TEST(table(catalog, "seen").kind == 'v');
  BOOST_TEST(table(catalog, "seen").columns.size() == 2U);
  BOOST_TEST(table(catalog, "child").has_row_security);
  BOOST_TEST(!table(catalog, "child").forces_row_security);
}

BOOST_AUTO_TEST_CASE(columns_are_live_in_order_and_know_their_types) {
  const core::Catalog catalog = read(Side::Source);
  const core::CatalogTable& child = table(catalog, "child");
  BOOST_TEST(child.columns.size() == 14U);
  BOOST_TEST(child.columns.front().name == "id");
  BOOST_TEST(child.column("gone") == nullptr);
  const core::CatalogColumn& name = column(child, "name");
  BOOST_TEST(name.type_name == "character varying(100)");
  BOOST_TEST(name.base_type_name == "pg_catalog.\"varchar\"");
  BOOST_TEST(name.type_category == 'S');
  BOOST_TEST(name.is_not_null);
  BOOST_TEST(name.has_default);
  BOOST_TEST(name.is_toastable);
  BOOST_TEST(name.is_builtin);
  const core::CatalogColumn& id = column(child, "id");
  BOOST_TEST(id.is_integer);
  BOOST_TEST(id.type_category == 'N');
  BOOST_TEST(id.is_builtin);
  BOOST_TEST(!id.is_toastable);
  BOOST_TEST(column(child, "other").is_integer);
  BOOST_TEST(column(child, "other").is_not_null);
  BOOST_TEST(column(child, "twice").is_generated);
  BOOST_TEST(!column(child, "pa").is_generated);
  BOOST_TEST(column(child, "serial").is_identity_always);
  BOOST_TEST(column(child, "serial").has_default);
  BOOST_TEST(column(child, "moods").type_category == 'A');
}

BOOST_AUTO_TEST_CASE(type_names_follow_the_pinned_search_path) {
  const core::Catalog source = read(Side::Source);
  const core::Catalog target = read(Side::Target);
  BOOST_TEST(column(table(source, "child"), "mood").type_name == "public.mood");
  BOOST_TEST(column(table(target, "child"), "mood").type_name == "mood");
}

BOOST_AUTO_TEST_CASE(only_some_types_have_equality) {
  const core::Catalog catalog = read(Side::Source);
  const core::CatalogTable& child = table(catalog, "child");
  for (const char* name : {"id", "name", "mood", "moods", "docb", "numbers", "other", "pb"}) {
    BOOST_TEST_CONTEXT(name) { BOOST_TEST(column(child, name).has_equality); }
  }
  for (const char* name : {"doc", "docs", "place"}) {
    BOOST_TEST_CONTEXT(name) { BOOST_TEST(!column(child, name).has_equality); }
  }
}

BOOST_AUTO_TEST_CASE(keys_are_those_that_always_hold) {
  const core::Catalog catalog = read(Side::Source);
  const core::CatalogTable& child = table(catalog, "child");
  BOOST_TEST((child.primary_key == Names{"id"}));
  BOOST_TEST((child.unique_keys == std::vector<Names>{{"id"}, {"pa", "pb"}, {"serial"}}));
  BOOST_TEST((table(catalog, "Parent", "Odd One").primary_key == Names{"B b", "a"}));
  BOOST_TEST(table(catalog, "log").primary_key.empty());
  BOOST_TEST((table(catalog, "log").identity == core::ReplicaIdentity::Full));
  BOOST_TEST((table(catalog, "ident").identity == core::ReplicaIdentity::Index));
  BOOST_TEST((table(catalog, "ident").identity_key == Names{"a"}));
}

BOOST_AUTO_TEST_CASE(unique_columns_are_known_whose_equal_values_may_read_differently) {
  tests::shared_cluster().database().exec("create database loose");
  tests::shared_cluster().database("loose").exec(R"(
    create collation ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create extension citext;
    create domain price as numeric;
    create type mood as enum ('good', 'bad');
    create table keys (
      i int unique, t text unique, v varchar(9) unique, c char(4) unique, u uuid unique, b bool unique, d date unique, ts timestamptz unique,
      tz timetz unique, y bytea unique, h inet unique, m mood unique,
      n numeric unique, p price unique, f float8 unique, s interval unique, f2 citext unique, tc text collate ignoring_case unique,
      j jsonb unique, r numrange unique, a int[] unique, ti text, free numeric);
    create unique index on keys (ti collate ignoring_case);)");
  pg::Session session = tests::session(Side::Target, "loose");
  const core::Catalog catalog = pg::read_catalog(session, {"public"});
  std::string loose;
  for (const core::CatalogColumn& column : table(catalog, "keys").columns) {
    if (column.is_loosely_unique) loose += column.name + " ";
  }
  BOOST_TEST(loose == "n p f s f2 tc j r a ti ");
}

BOOST_AUTO_TEST_CASE(foreign_keys_pair_their_columns_in_order_and_are_listed_once) {
  const core::Catalog catalog = read(Side::Source);
  const auto& keys = table(catalog, "child").foreign_keys;
  BOOST_REQUIRE(keys.size() == 1U);
  BOOST_TEST(keys[0].name == "to_parent");
  BOOST_TEST((keys[0].columns == Names{"pb", "pa"}));
  BOOST_TEST((keys[0].referenced_columns == Names{"B b", "a"}));
  BOOST_TEST((keys[0].references == core::QualifiedName{"Odd One", "Parent"}));
  BOOST_TEST(keys[0].on_delete == 'c');
  BOOST_TEST(keys[0].is_deferrable);
  BOOST_TEST(table(catalog, "refers").foreign_keys.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
