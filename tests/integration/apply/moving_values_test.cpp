// Keys, pairs and unique values that pass from row to row, beside rows that the target refuses.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "tests/integration/apply/fixture.hpp"

using tests::ApplyFixture;
using tests::ForeignKeys;

namespace {

constexpr const char* kCoded =
    "CREATE TABLE old.item (id integer PRIMARY KEY, code integer NOT NULL UNIQUE, amount text, upper integer);"
    "CREATE TABLE items (id uuid PRIMARY KEY, code integer, amount integer, upper_id uuid REFERENCES items)";
constexpr const char* kCodedRoute =
    "  - { from: old.item, to: items, entity: item, key: [code], columns: { code: code, amount: \"amount::integer\", "
    "upper_id: { expr: \"ref('item', upper)\", missing: \"null\" } } }\n";

constexpr const char* kPairs =
    "CREATE TABLE old.pair (id integer PRIMARY KEY, a integer, b integer, amount text);"
    "CREATE TABLE pairs (a integer, b integer, amount integer, UNIQUE (a, b))";
constexpr const char* kPairsRoute =
    "  - { from: old.pair, to: pairs, id: null, conflict: [a, b], columns: { a: a, b: b, amount: \"amount::integer\" } "
    "}\n";

constexpr const char* kPlaces =
    "CREATE TABLE old.place (id integer PRIMARY KEY, at integer NOT NULL);"
    "CREATE TABLE old.sum (id integer PRIMARY KEY, amount text);"
    "CREATE TABLE places (id uuid PRIMARY KEY, legacy_id integer, at integer UNIQUE, note text);"
    "CREATE TABLE sums (id uuid PRIMARY KEY, legacy_id integer, amount integer)";
constexpr const char* kPlacesRoutes =
    "  - { from: old.place, to: places, entity: place, columns: { legacy_id: id, at: at } }\n"
    "  - { from: old.sum, to: sums, entity: sum, columns: { legacy_id: id, amount: \"amount::integer\" } }\n";

const std::string kItems = "SELECT string_agg(code || '=' || amount, ' ' ORDER BY code) FROM items";
const std::string kPairRows = "SELECT string_agg(format('%s,%s=%s', a, b, amount), ' ' ORDER BY a, b) FROM pairs";
const std::string kPlaceRows = "SELECT string_agg(legacy_id || '@' || at, ' ' ORDER BY legacy_id) FROM places";

/// Each row takes the place of the next.
std::vector<core::Change> shifted(ApplyFixture& world, int first, int last) {
  std::vector<core::Change> changes;
  for (int id = first; id <= last; ++id) {
    const std::string place = std::to_string(id + 1);
    changes.push_back(world.update("place", {std::to_string(id), place}));
  }
  return changes;
}

std::vector<core::Change> placed(ApplyFixture& world, int last) {
  std::vector<core::Change> changes;
  for (int id = 1; id <= last; ++id) changes.push_back(world.insert("place", {std::to_string(id), std::to_string(id)}));
  return changes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(moving_values)

BOOST_AUTO_TEST_CASE(a_key_that_another_row_takes_over_keeps_its_target_row) {  // reliability 74
  for (const ForeignKeys foreign_keys : {ForeignKeys::Rest, ForeignKeys::Enforced}) {
    ApplyFixture world{kCoded, kCodedRoute, foreign_keys};
    world.apply({{world.insert("item", {"1", "10", "1", {}}), world.insert("item", {"2", "20", "2", {}})}});
    world.apply({{world.update("item", {"1", "11", "1", {}}), world.update("item", {"2", "10", "2", {}})}});
    BOOST_TEST(world.value(kItems) == "10=2 11=1");
    // The taker comes first, and the one that had the key goes altogether.
    world.apply({{world.update("item", {"2", "12", "2", {}}), world.insert("item", {"3", "10", "3", {}}),
                  world.remove("item", "1"), world.insert("item", {"4", "11", "4", {}})}});
    BOOST_TEST(world.value(kItems) == "10=3 11=4 12=2");
    // One that the target refuses takes nothing over.
    world.apply({{world.update("item", {"3", "13", "3", {}}), world.update("item", {"4", "10", "no number", {}})}});
    BOOST_TEST(world.value(kItems) == "12=2 13=3");
    BOOST_TEST(world.refused() == "items 4");
    // The id map has what the target has.
    BOOST_TEST(world.value("SELECT string_agg(legacy_key, ' ' ORDER BY legacy_key) FROM "
                           "dispatch_sync.migration_mappings") == "12 13");
  }
}

BOOST_AUTO_TEST_CASE(a_row_that_moved_leaves_its_old_place_however_often_it_is_decided) {
  for (const ForeignKeys foreign_keys : {ForeignKeys::Rest, ForeignKeys::Enforced}) {
    ApplyFixture world{kCoded, kCodedRoute, foreign_keys};
    world.apply({{world.insert("item", {"1", "10", "1", {}}), world.insert("item", {"2", "20", "2", {}})}});
    // Refers to a row that is refused in the same breath.
    world.apply({{world.update("item", {"2", "20", "no number", {}}), world.update("item", {"1", "11", "1", "20"})}});
    BOOST_TEST(world.value(kItems) == "11=1");
    BOOST_TEST(world.refused() == "items 2");
  }
}

BOOST_AUTO_TEST_CASE(a_pair_goes_when_the_row_that_takes_it_over_is_refused) {
  for (const ForeignKeys foreign_keys : {ForeignKeys::Rest, ForeignKeys::Enforced}) {
    ApplyFixture world{kPairs, kPairsRoute, foreign_keys};
    world.apply({{world.insert("pair", {"1", "1", "1", "1"}), world.insert("pair", {"2", "2", "2", "2"})}});
    world.apply({{world.remove("pair", "1"), world.insert("pair", {"3", "1", "1", "no number"})}});
    BOOST_TEST(world.value(kPairRows) == "2,2=2");
    BOOST_TEST(world.refused() == "pairs 3");
    // Of two heirs the second takes it over.
    world.apply({{world.remove("pair", "2"), world.insert("pair", {"4", "2", "2", "no number"}),
                  world.insert("pair", {"5", "2", "2", "5"})}});
    BOOST_TEST(world.value(kPairRows) == "2,2=5");
    world.apply({{world.remove("pair", "3"), world.remove("pair", "4"), world.remove("pair", "5")}});
    BOOST_TEST(world.value("SELECT count(*) FROM pairs") == "0");
  }
}

BOOST_AUTO_TEST_CASE(hundreds_of_rows_that_mean_one_pair_pass_it_on_to_the_lowest_of_them) {
  ApplyFixture world{kPairs, kPairsRoute};
  constexpr int kMany = 400;
  const auto all = [&](int first, const auto& change) {
    std::vector<core::Change> changes;
    for (int id = kMany; id >= first; --id) changes.push_back(change(std::to_string(id)));
    return changes;
  };
  world.apply({all(1, [&](const std::string& id) { return world.insert("pair", {id, "1", "1", id}); })});
  BOOST_TEST(world.value(kPairRows) == "1,1=1");
  // All of them move, and the lowest is refused there.
  auto moves = all(2, [&](const std::string& id) { return world.update("pair", {id, "2", "2", id}); });
  moves.push_back(world.update("pair", {"1", "2", "2", "no number"}));
  world.apply({moves});
  BOOST_TEST(world.value(kPairRows) == "2,2=2");
  BOOST_TEST(world.refused() == "pairs 1");
  // Some go, one leaves for a pair of its own and the others follow later.
  world.apply({{world.remove("pair", "2"), world.remove("pair", "3"), world.update("pair", {"4", "3", "3", "4"})}});
  BOOST_TEST(world.value(kPairRows) == "2,2=5 3,3=4");
  world.apply({all(5, [&](const std::string& id) { return world.update("pair", {id, "3", "3", id}); })});
  BOOST_TEST(world.value(kPairRows) == "3,3=4");
  world.apply({all(4, [&](const std::string& id) { return world.remove("pair", id); })});
  BOOST_TEST(world.value(kPairRows) == "(null)");
}

BOOST_AUTO_TEST_CASE(a_row_that_nothing_tells_from_others_is_quarantined) {
  ApplyFixture world{kPairs, kPairsRoute};
  world.apply({{world.insert("pair", {"1", "1", {}, "1"}), world.insert("pair", {"2", "2", "2", "2"})}});
  BOOST_TEST(world.refused() == "pairs 1");
  world.apply({{world.update("pair", {"2", {}, "2", "3"})}});
  BOOST_TEST(world.refused() == "pairs 1, pairs 2");
  BOOST_TEST(world.value("SELECT count(*) FROM pairs") == "0");
  world.applier().retry_rows(*world.plan().find_route("pairs"), {});
  world.apply({{world.remove("pair", "1"), world.insert("pair", {"1", "1", "1", "4"})}});
  BOOST_TEST(world.value(kPairRows) == "1,1=4");
}

BOOST_AUTO_TEST_CASE(a_bad_row_keeps_nobody_out_whose_value_only_moves) {  // reliability 74, 97
  ApplyFixture world{kPlaces, kPlacesRoutes};
  world.apply({placed(world, 3)});
  // In transactions of their own, …
  world.apply({{world.insert("sum", {"1", "no number"})},
               {world.update("place", {"3", "4"})},
               {world.update("place", {"2", "3"})},
               {world.update("place", {"1", "2"})}});
  BOOST_TEST(world.value(kPlaceRows) == "1@2 2@3 3@4");
  BOOST_TEST(world.refused() == "sums 1");
  // … and in one.
  world.apply(
      {{world.insert("sum", {"2", "no number"}), world.update("place", {"1", "9"}), world.update("place", {"2", "2"}),
        world.update("place", {"3", "3"}), world.update("place", {"1", "4"})}});
  BOOST_TEST(world.value(kPlaceRows) == "1@4 2@2 3@3");
  BOOST_TEST(world.refused() == "sums 1, sums 2");
}

BOOST_AUTO_TEST_CASE(values_that_move_between_parts_of_one_transaction_keep_nobody_out) {  // reliability 74
  for (const ForeignKeys foreign_keys : {ForeignKeys::Rest, ForeignKeys::Enforced}) {
    // Half of the rows meet others on their way: no sign of a wrong mapping.
    ApplyFixture world{kPlaces, kPlacesRoutes, foreign_keys, {.share = 0.1, .from_rows = 1}};
    world.apply({placed(world, 6)});
    world.database.exec("UPDATE places SET note = 'of row ' || legacy_id");
    core::TransactionPart part;
    part.commit_lsn = {core::Lsn{100'000}};
    const std::vector<std::vector<core::Change>> parts{shifted(world, 1, 3), shifted(world, 4, 6)};
    for (const auto& changes : parts) {
      part.changes = changes;
      part.is_last = &changes == &parts.back();
      if (part.is_last) part.end_lsn = {core::Lsn{100'008}};
      world.applier().apply({&part, 1});
      part.is_first = false;
    }
    world.commit();
    BOOST_TEST(world.value(kPlaceRows) == "1@2 2@3 3@4 4@5 5@6 6@7");
    BOOST_TEST(world.refused() == "(null)");
    // What the new application wrote in a column of its own stays, where a row may go for a moment.
    if (foreign_keys == ForeignKeys::Rest)
      BOOST_TEST(world.value("SELECT count(*) FROM places WHERE note = 'of row ' || legacy_id") == "6");
  }
}

BOOST_AUTO_TEST_SUITE_END()
