#include "apply/applier.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "tests/integration/apply/fixture.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/small_pair.hpp"

using tests::ApplyFixture;
using tests::ForeignKeys;

namespace {

constexpr const char* kPeople =
    "CREATE TABLE old.person (id integer PRIMARY KEY, name text, amount text);"
    "CREATE TABLE people (id uuid PRIMARY KEY, name text UNIQUE, amount integer CHECK (amount <> 13), legacy_id "
    "integer)";
constexpr const char* kPeopleRoute =
    "  - { from: old.person, to: people, entity: person, columns: { name: name, amount: \"amount::integer\", "
    "legacy_id: id } }\n";

constexpr const char* kFamily =
    "CREATE TABLE old.parent (id integer PRIMARY KEY, is_wanted boolean);"
    "CREATE TABLE old.child (id integer PRIMARY KEY, parent_id integer, other_id integer);"
    "CREATE TABLE parents (id uuid PRIMARY KEY, legacy_id integer);"
    "CREATE TABLE children (id uuid PRIMARY KEY, legacy_id integer, parent_id uuid NOT NULL REFERENCES parents, "
    "other_id uuid REFERENCES parents)";
constexpr const char* kFamilyRoutes =
    "  - { from: old.child, to: children, entity: child, columns: { legacy_id: id, parent_id: \"ref('parent', "
    "parent_id)\","
    " other_id: { expr: \"ref('parent', other_id)\", missing: \"null\" } } }\n"
    "  - { from: old.parent, to: parents, entity: parent, where: is_wanted, columns: { legacy_id: id } }\n";

std::vector<std::string> quarantined(const ApplyFixture& world) {
  std::vector<std::string> keys;
  for (const auto& row : world.database.query_rows(
           "SELECT legacy_key FROM dispatch_sync.quarantine WHERE resolved_at IS NULL ORDER BY legacy_key::integer")) {
    keys.push_back(row[0].value());
  }
  return keys;
}

std::string children(const ApplyFixture& world) {
  return world.value(
      "SELECT string_agg(c.legacy_id || ':' || p.legacy_id || ':' || coalesce(o.legacy_id::text, '-'), ' ' ORDER BY "
      "c.legacy_id) "
      "FROM children c JOIN parents p ON p.id = c.parent_id LEFT JOIN parents o ON o.id = c.other_id");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(applier)

BOOST_AUTO_TEST_CASE(one_bad_row_of_a_thousand_is_quarantined_and_the_others_are_applied) {  // reliability 97
  ApplyFixture world{kPeople, kPeopleRoute};
  std::vector<core::Change> changes;
  for (int i = 0; i < 1000; ++i)
    changes.push_back(world.insert("person", {std::to_string(i), "name " + std::to_string(i), i == 617 ? "13" : "1"}));
  world.apply({changes});
  BOOST_TEST(world.value("SELECT count(*) FROM people") == "999");
  BOOST_TEST((quarantined(world) == std::vector<std::string>{"617"}));
  BOOST_TEST(world.value("SELECT concat_ws('|', sqlstate, error_category, remedy <> '', row ->> 'name') FROM "
                         "dispatch_sync.quarantine") == "23514|constraint|t|name 617");
  BOOST_TEST((world.counters("people") == core::RouteCounters{1000, 999, 0, 0, 1}));
}

BOOST_AUTO_TEST_CASE(several_bad_rows_of_several_kinds_are_each_found) {
  ApplyFixture world{kPeople, kPeopleRoute};
  std::vector<core::Change> changes;
  const std::set<int> bad{0, 1, 499, 500, 999};
  for (int i = 0; i < 1000; ++i) {
    const char* amount = !bad.contains(i) ? "7" : i % 2 == 0 ? "13" : i == 1 ? "99999999999" : "no number";
    changes.push_back(world.insert("person", {std::to_string(i), "name " + std::to_string(i), amount}));
  }
  world.apply({changes});
  BOOST_TEST((quarantined(world) == std::vector<std::string>{"0", "1", "499", "500", "999"}));
  BOOST_TEST(world.value("SELECT count(*) FROM people") == "995");
}

BOOST_AUTO_TEST_CASE(later_changes_of_a_quarantined_row_stay_behind_it_until_it_is_retried) {  // reliability 97
  ApplyFixture world{kPeople, kPeopleRoute};
  world.apply({{world.insert("person", {"1", "a", "13"})}});
  world.apply({{world.update("person", {"1", "a", "14"})}});
  BOOST_TEST(world.value("SELECT count(*) FROM people") == "0");
  BOOST_TEST(world.value("SELECT row ->> 'amount' FROM dispatch_sync.quarantine WHERE resolved_at IS NULL") == "14");
  const core::RowKey key = ApplyFixture::number(1);
  world.applier().retry_rows(*world.plan().find_route("people"), {&key, 1});
  world.commit();
  BOOST_TEST(world.value("SELECT amount FROM people") == "14");
  BOOST_TEST(quarantined(world).empty());
  BOOST_TEST((world.counters("people") == core::RouteCounters{1, 1, 0, 0, 0}));
}

BOOST_AUTO_TEST_CASE(a_quarantined_row_that_is_deleted_is_no_longer_missing) {
  ApplyFixture world{kPeople, kPeopleRoute};
  world.apply({{world.insert("person", {"1", "a", "13"})}});
  world.apply({{world.remove("person", "1")}});
  BOOST_TEST(quarantined(world).empty());
  BOOST_TEST((world.counters("people") == core::RouteCounters{}));
}

BOOST_AUTO_TEST_CASE(a_unique_value_may_move_from_row_to_row_within_a_batch) {  // reliability 74
  ApplyFixture world{kPeople, kPeopleRoute};
  world.apply({{world.insert("person", {"1", "one", "1"}), world.insert("person", {"2", "two", "2"}),
                world.insert("person", {"3", "three", "3"})}});
  // Freed, taken, and the row that had it gone; each in a transaction of its own, and the taker has the lower key.
  world.apply({{world.update("person", {"3", "free", "3"})},
               {world.update("person", {"1", "three", "1"})},
               {world.remove("person", "2")},
               {world.insert("person", {"4", "two", "4"})}});
  BOOST_TEST(world.value("SELECT string_agg(legacy_id || name, ' ' ORDER BY legacy_id) FROM people") ==
             "1three 3free 4two");
  BOOST_TEST(quarantined(world).empty());
}

BOOST_AUTO_TEST_CASE(a_unique_value_may_be_swapped_within_a_transaction) {  // reliability 74
  ApplyFixture world{kPeople, kPeopleRoute};
  world.apply({{world.insert("person", {"1", "one", "1"}), world.insert("person", {"2", "two", "2"})}});
  world.apply({{world.update("person", {"1", "aside", "1"}), world.update("person", {"2", "one", "2"}),
                world.update("person", {"1", "two", "1"})}});
  BOOST_TEST(world.value("SELECT string_agg(legacy_id || name, ' ' ORDER BY legacy_id) FROM people") == "1two 2one");
  BOOST_TEST(quarantined(world).empty());
}

BOOST_AUTO_TEST_CASE(rows_of_a_transaction_are_not_written_again_by_a_later_one_of_the_same_batch) {  // reliability 74
  ApplyFixture world{kPeople, kPeopleRoute};
  world.apply({{world.insert("person", {"1001", "one", "1"}), world.insert("person", {"1002", "two", "2"})}});
  // Many rows at a time go by a staging table.
  const auto two_hundred = [&](int first) {
    std::vector<core::Change> changes;
    for (int i = first; i < first + 200; ++i)
      changes.push_back(world.insert("person", {std::to_string(i), "name " + std::to_string(i), "1"}));
    return changes;
  };
  // The swap makes this a replay in order, and takes the session back to a savepoint between two such writes.
  world.apply({two_hundred(1),
               {world.update("person", {"1001", "aside", "1"}), world.update("person", {"1002", "one", "2"}),
                world.update("person", {"1001", "two", "1"})},
               {world.update("person", {"7", "name 7", "2"})},
               two_hundred(301)});
  BOOST_TEST(world.value("SELECT amount FROM people WHERE legacy_id = 7") == "2");
  BOOST_TEST(world.value("SELECT count(*) FROM people WHERE amount = 1") == "400");
  BOOST_TEST(quarantined(world).empty());
}

// Many rows and few, values that move between rows, rows that are refused for a while, and new sessions: every way of writing meets every other.
BOOST_AUTO_TEST_CASE(random_batches_of_all_sizes_leave_what_the_source_has) {  // reliability 74, 97
  ApplyFixture world{kPeople, kPeopleRoute};
  std::mt19937_64 random{tests::seed()};
  const auto some = [&](int least, int most) { return std::uniform_int_distribution<>(least, most)(random); };
  std::map<int, std::pair<std::string, int>> source;
  int names = 0;
  const auto name_of = [&](int id) {
    return source.contains(id) ? source[id].first : "name " + std::to_string(++names);  // unique on the source, too
  };
  const auto put = [&](std::vector<core::Change>& changes, int id, const std::string& name, int amount) {
    const tests::Cells cells{std::to_string(id), name, std::to_string(amount)};
    changes.push_back(source.contains(id) ? world.update("person", cells) : world.insert("person", cells));
    source[id] = {name, amount};
  };
  const auto transaction = [&] {
    std::vector<core::Change> changes;
    const int kind = some(0, 5);
    if (kind <= 1) {  // so many that they go by the staging table
      const int first = some(1, 400);
      for (int id = first; id < first + some(160, 250); ++id) put(changes, id, name_of(id), some(1, 9));
    } else if (kind == 2 && source.size() > 10) {  // two rows exchange their names
      const auto a = std::next(source.begin(), some(0, static_cast<int>(source.size()) - 1))->first;
      const auto b = std::next(source.begin(), some(0, static_cast<int>(source.size()) - 1))->first;
      const auto of_a = source[a];
      const auto of_b = source[b];
      put(changes, a, "aside", of_a.second);
      put(changes, b, a == b ? "aside" : of_a.first, of_b.second);
      put(changes, a, of_b.first, of_a.second);
    } else if (kind == 3 && source.size() > 10) {
      const auto gone = std::next(source.begin(), some(0, static_cast<int>(source.size()) - 1));
      changes.push_back(world.remove("person", std::to_string(gone->first)));
      source.erase(gone);
    } else {  // a few; the target refuses 13
      for (int i = some(1, 5); i > 0; --i) {
        const int id = some(1, 650);
        put(changes, id, name_of(id), some(0, 9) == 0 ? 13 : some(1, 9));
      }
    }
    return changes;
  };
  const auto compare = [&] {
    const std::vector<std::string> refused = quarantined(world);
    std::string expected;
    for (const auto& [id, row] : source) {
      if (std::ranges::find(refused, std::to_string(id)) != refused.end()) continue;
      expected += std::to_string(id) + '|' + row.first + '|' + std::to_string(row.second) + '\n';
    }
    const std::string actual = world.value(
        "SELECT string_agg(concat_ws('|', legacy_id, name, amount) || E'\\n', '' ORDER BY legacy_id) FROM people");
    BOOST_TEST((expected == actual), tests::differing_lines(expected, actual));
  };
  for (int batch = 0; batch < 40; ++batch) {
    if (some(0, 1) == 0) world.applier().reconnect();
    std::vector<std::vector<core::Change>> transactions;
    for (int i = some(1, 12); i > 0; --i) transactions.push_back(transaction());
    world.apply(transactions);
    compare();
  }
  std::vector<core::Change> mended;
  for (const auto& [id, row] : std::map{source}) {
    if (row.second == 13) put(mended, id, row.first, 14);
  }
  world.apply({mended});
  // What one refused row held back may be a name that another one waits for.
  for (int round = 0; round < 3; ++round) {
    std::vector<core::RowKey> keys;
    for (const std::string& key : quarantined(world)) keys.push_back(ApplyFixture::number(std::stoi(key)));
    world.applier().retry_rows(*world.plan().find_route("people"), keys);
    world.commit();
  }
  compare();
  BOOST_TEST(quarantined(world).empty());
}

BOOST_AUTO_TEST_CASE(with_foreign_keys_enforced_children_follow_parents_and_go_before_them) {  // reliability 75
  ApplyFixture world{kFamily, kFamilyRoutes, ForeignKeys::Enforced};
  world.apply({{world.insert("child", {"1", "10", {}})}});
  BOOST_TEST((world.counters("children") == core::RouteCounters{1, 0, 0, 1, 0}));
  world.apply({{world.insert("child", {"2", "10", "10"})}, {world.insert("parent", {"10", "t"})}});
  BOOST_TEST(children(world) == "1:10:- 2:10:10");
  world.apply({{world.remove("parent", "10")}});
  BOOST_TEST(world.value("SELECT count(*) FROM children") == "0");
  BOOST_TEST((world.counters("children") == core::RouteCounters{2, 0, 0, 2, 0}));
  world.apply({{world.insert("parent", {"10", "t"}), world.remove("child", "1")}});
  BOOST_TEST(children(world) == "2:10:10");
  world.apply({{world.remove("child", "2"), world.remove("parent", "10")}});
  BOOST_TEST((world.counters("children") == core::RouteCounters{}));
  BOOST_TEST(quarantined(world).empty());
}

BOOST_AUTO_TEST_CASE(with_foreign_keys_enforced_a_child_that_may_lose_its_parent_is_updated_before_the_parent_goes) {
  ApplyFixture world{kFamily, kFamilyRoutes, ForeignKeys::Enforced};
  world.apply({{world.insert("parent", {"10", "t"}), world.insert("parent", {"20", "t"}),
                world.insert("child", {"1", "10", "20"})}});
  BOOST_TEST(children(world) == "1:10:20");
  world.apply({{world.remove("parent", "20")}});
  BOOST_TEST(children(world) == "1:10:-");
  world.apply({{world.insert("parent", {"20", "t"})}});
  BOOST_TEST(children(world) == "1:10:20");
  world.apply({{world.update("parent", {"20", "f"}), world.update("child", {"1", "10", "20"})}});  // leaves its `where`
  BOOST_TEST(children(world) == "1:10:-");
  BOOST_TEST(quarantined(world).empty());
}

BOOST_AUTO_TEST_CASE(a_row_and_its_parent_replaced_in_one_batch_are_both_there) {
  ApplyFixture world{
      "CREATE TABLE old.node (id integer PRIMARY KEY, parent_id integer); CREATE TABLE nodes (id uuid PRIMARY KEY, "
      "legacy_id integer, parent_id uuid)",
      "  - { from: old.node, to: nodes, entity: node, columns: { legacy_id: id, parent_id: \"ref('node', parent_id)\" "
      "} }\n"};
  world.apply({{world.insert("node", {"1", {}}), world.insert("node", {"2", "1"})}});
  world.apply({{world.remove("node", "1"), world.remove("node", "2"), world.insert("node", {"1", {}}),
                world.insert("node", {"2", "1"})}});
  BOOST_TEST(world.value("SELECT string_agg(legacy_id::text, ' ' ORDER BY legacy_id) FROM nodes") == "1 2");
  BOOST_TEST((world.counters("nodes") == core::RouteCounters{2, 2, 0, 0, 0}));
}

BOOST_AUTO_TEST_CASE(a_row_replaced_by_one_that_parks_leaves_the_target_although_a_joined_row_changed_first) {
  ApplyFixture world{
      "CREATE TABLE old.parent (id integer PRIMARY KEY); CREATE TABLE old.item (id integer PRIMARY KEY, parent_id "
      "integer);"
      "CREATE TABLE old.tag (id integer PRIMARY KEY, item_id integer, name text);"
      "CREATE TABLE parents (id uuid PRIMARY KEY); CREATE TABLE items (id uuid PRIMARY KEY, parent_id uuid, tags "
      "text[])",
      "  - { from: old.parent, to: parents, entity: parent, columns: {} }\n"
      "  - { from: old.item, to: items, entity: item, join: { tag: { from: old.tag, on: { item_id: id }, many: true } "
      "},"
      " columns: { parent_id: \"ref('parent', parent_id)\", tags: tag.name } }\n"};
  world.apply(
      {{world.insert("parent", {"1"}), world.insert("item", {"1", "1"}), world.insert("tag", {"1", "1", "a"})}});
  BOOST_TEST(world.value("SELECT tags::text FROM items") == "{a}");
  world.apply({{world.update("tag", {"1", "1", "b"}), world.remove("item", "1"), world.insert("item", {"1", "99"})}});
  BOOST_TEST(world.value("SELECT count(*) FROM items") == "0");
  BOOST_TEST((world.counters("items") == core::RouteCounters{1, 0, 0, 1, 0}));
}

BOOST_AUTO_TEST_CASE(each_distinct_input_of_a_condition_is_asked_once) {
  ApplyFixture world{
      "CREATE TABLE old.person (id integer PRIMARY KEY, is_wanted boolean, kind text); CREATE TABLE people (id uuid "
      "PRIMARY KEY, legacy_id integer);"
      "CREATE SEQUENCE asked; CREATE FUNCTION ask(kind text) RETURNS boolean IMMUTABLE LANGUAGE sql AS $$ SELECT "
      "pg_catalog.nextval('public.asked') > 0 AND kind <> 'x' $$",
      "  - { from: old.person, to: people, entity: person, where: \"ask(kind)\", columns: { legacy_id: id } }\n"};
  std::vector<core::Change> changes;
  for (int i = 0; i < 3000; ++i)
    changes.push_back(world.insert("person", {std::to_string(i), "t", i % 3 == 0 ? "x" : i % 3 == 1 ? "y" : "z"}));
  world.apply({changes});
  BOOST_TEST(world.value("SELECT last_value FROM asked") == "3");
  BOOST_TEST((world.counters("people") == core::RouteCounters{3000, 2000, 1000, 0, 0}));
  world.apply({{world.insert("person", {"9001", "t", "x"}), world.insert("person", {"9002", "t", "new"})}});
  BOOST_TEST(world.value("SELECT last_value FROM asked") == "4");
}

BOOST_AUTO_TEST_CASE(too_many_refused_rows_stop_the_agent_and_change_nothing) {  // reliability 117
  ApplyFixture world{kPeople, kPeopleRoute, ForeignKeys::Rest, {0.005, 200}};
  const auto rows = [&](int first, int last, const char* amount) {
    std::vector<core::Change> changes;
    for (int i = first; i < last; ++i)
      changes.push_back(world.insert("person", {std::to_string(i), "name " + std::to_string(i), amount}));
    return changes;
  };
  world.apply({rows(0, 150, "13")});  // below 200 rows nobody can say what is too many
  BOOST_TEST(quarantined(world).size() == 150U);
  BOOST_CHECK_EXCEPTION(world.apply({rows(150, 260, "13")}), core::Error, [](const core::Error& error) {
    return error.kind() == core::ErrorKind::Refused && error.context("route") == "people" && !error.remedy().empty();
  });
  world.applier().abandon();
  BOOST_TEST(quarantined(world).size() == 150U);
  BOOST_TEST((world.counters("people") == core::RouteCounters{150, 0, 0, 0, 150}));
}

BOOST_AUTO_TEST_CASE(rows_without_an_id_are_told_apart_by_what_their_expressions_make_of_them) {
  ApplyFixture world{
      "CREATE TABLE old.word (id integer PRIMARY KEY, text text, part text);"
      "CREATE TABLE words (word varchar(5), part integer, UNIQUE (word, part))",
      "  - { from: old.word, to: words, id: null, conflict: [word, part], columns: { word: lower(text), part: "
      "\"part::integer\" } }\n"};
  world.apply({{world.insert("word", {"1", "One", "1"}), world.insert("word", {"2", "TWO", "1"}),
                world.insert("word", {"3", "one", "01"}), world.insert("word", {"4", "four", "no number"})}});
  const auto words = [&] { return world.value("SELECT string_agg(word || part, ' ' ORDER BY word) FROM words"); };
  BOOST_TEST(words() == "one1 two1");
  BOOST_TEST((quarantined(world) == std::vector<std::string>{"4"}));
  BOOST_TEST((world.counters("words") == core::RouteCounters{4, 3, 0, 0, 1}));
  // A row that is another now takes the old one along, unless a second one means it as well.
  world.apply({{world.update("word", {"2", "Drei", "1"}), world.update("word", {"1", "ein", "1"})}});
  BOOST_TEST(words() == "drei1 ein1 one1");
  world.apply({{world.remove("word", "3"), world.update("word", {"4", "four", "4"})}});
  const core::RowKey key = ApplyFixture::number(4);
  world.applier().retry_rows(*world.plan().find_route("words"), {&key, 1});
  world.commit();
  BOOST_TEST(words() == "drei1 ein1 four4");
}

// Also where rows are written before others are removed.
BOOST_AUTO_TEST_CASE(a_key_that_is_written_in_other_words_is_the_same_row) {
  for (const ForeignKeys foreign_keys : {ForeignKeys::Rest, ForeignKeys::Enforced}) {
    ApplyFixture world{
        "CREATE TABLE old.rate (id integer PRIMARY KEY, n numeric); CREATE TABLE rates (n numeric UNIQUE)",
        "  - { from: old.rate, to: rates, id: null, conflict: [n], columns: { n: n } }\n", foreign_keys};
    const auto rates = [&] { return world.value("SELECT string_agg(n::text, ' ' ORDER BY n) FROM rates"); };
    world.apply({{world.insert("rate", {"1", "1.0"}), world.insert("rate", {"2", "2.0"})}});
    world.apply({{world.update("rate", {"1", "1.00"}), world.update("rate", {"2", "1"})}});
    BOOST_TEST(rates() == "1.00");
    world.apply({{world.remove("rate", "1")}});
    BOOST_TEST(rates() == "1");
    world.apply({{world.remove("rate", "2")}, {world.insert("rate", {"3", "1.000"})}});
    BOOST_TEST(rates() == "1.000");
    BOOST_TEST(world.value("SELECT count(*) FROM dispatch_sync.quarantine") == "0");
  }
}

BOOST_AUTO_TEST_CASE(pairs_live_until_the_last_row_that_maps_to_them_goes) {
  ApplyFixture world{
      "CREATE TABLE old.parent (id integer PRIMARY KEY); CREATE TABLE old.link (id integer PRIMARY KEY, a integer, b "
      "integer, note text);"
      "CREATE TABLE parents (id uuid PRIMARY KEY); CREATE TABLE links (a uuid, b uuid, note text, PRIMARY KEY (a, b))",
      "  - { from: old.parent, to: parents, entity: parent, columns: {} }\n"
      "  - { from: old.link, to: links, id: null, conflict: [a, b], columns: { a: \"ref('parent', a)\", b: "
      "\"ref('parent', b)\", note: note } }\n"};
  world.apply(
      {{world.insert("parent", {"1"}), world.insert("parent", {"2"}), world.insert("link", {"7", "1", "2", "seven"})}});
  world.apply({{world.insert("link", {"5", "1", "2", "five"})}});
  BOOST_TEST(world.value("SELECT string_agg(note, ',') FROM links") == "five");  // the lowest key writes it
  world.apply({{world.remove("link", "5")}});
  BOOST_TEST(world.value("SELECT string_agg(note, ',') FROM links") == "seven");
  world.apply({{world.remove("link", "7"), world.insert("link", {"8", "1", "2", "eight"})}});
  BOOST_TEST(world.value("SELECT string_agg(note, ',') FROM links") == "eight");
  world.apply({{world.remove("link", "8")}});
  BOOST_TEST(world.value("SELECT count(*) FROM links") == "0");
}

BOOST_AUTO_TEST_CASE(the_id_map_has_keys_as_the_source_writes_them) {
  ApplyFixture world{
      "CREATE TABLE old.price (id numeric PRIMARY KEY); CREATE TABLE old.flag (id boolean PRIMARY KEY);"
      "CREATE TABLE old.word (id text PRIMARY KEY);"
      "CREATE TABLE prices (id uuid PRIMARY KEY, legacy_id numeric(10,2)); CREATE TABLE flags (id uuid PRIMARY KEY, "
      "legacy_id boolean); CREATE TABLE words (id uuid PRIMARY KEY, legacy_id text)",
      "  - { from: old.price, to: prices, entity: price, columns: { legacy_id: id } }\n"
      "  - { from: old.flag, to: flags, entity: flag, columns: { legacy_id: id } }\n"
      "  - { from: old.word, to: words, entity: word, columns: { legacy_id: id } }\n"};
  const std::string map =
      "SELECT string_agg(legacy_key, ' ' ORDER BY entity, legacy_key) FROM dispatch_sync.migration_mappings";
  world.apply({{world.insert("price", {"1.0"}), world.insert("price", {"2"}), world.insert("flag", {"t"}),
                world.insert("word", {"a"})}});
  BOOST_TEST(world.value(map) == "t 1.0 2 a");
  world.apply({{world.remove("price", "1.0"), world.remove("flag", "t"), world.remove("word", "a")}});
  BOOST_TEST(world.value(map) == "2");
}

BOOST_AUTO_TEST_SUITE_END()
