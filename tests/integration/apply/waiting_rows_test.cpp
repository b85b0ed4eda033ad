// Rows that a unique value keeps out for a moment: what the new application has beside them stays as it was.
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "tests/integration/apply/fixture.hpp"

using tests::ApplyFixture;
using tests::ForeignKeys;

namespace {

// `memo`, `number` and `sessions` are the new application's.
constexpr const char* kShop =
    "CREATE TABLE old.usr (id integer PRIMARY KEY, email text, age text);"
    "CREATE TABLE old.ord (id integer PRIMARY KEY, usr_id integer);"
    "CREATE TABLE users (id uuid PRIMARY KEY, legacy_id integer, email text UNIQUE, age integer, memo text DEFAULT "
    "'none', number integer GENERATED ALWAYS AS IDENTITY (START WITH 100));"
    "CREATE TABLE orders (id uuid PRIMARY KEY, legacy_id integer, user_id uuid REFERENCES users, memo text DEFAULT "
    "'none')";
constexpr const char* kSessions =
    ";CREATE TABLE sessions (user_id uuid REFERENCES users ON DELETE CASCADE, device text)";

std::string routes(const std::string& on_delete = "delete") {
  return "  - { from: old.usr, to: users, entity: usr, on_delete: " + on_delete +
         ", columns: { legacy_id: id, email: email, age: \"age::integer\" } }\n"
         "  - { from: old.ord, to: orders, entity: ord, columns: { legacy_id: id, user_id: \"ref('usr', usr_id)\" } "
         "}\n";
}

const std::string kUsers =
    "SELECT string_agg(concat_ws(' ', legacy_id, email, memo, number), ', ' ORDER BY legacy_id) FROM users";
const std::string kOrders =
    "SELECT string_agg(concat_ws(' ', o.legacy_id, u.legacy_id, o.memo), ', ' ORDER BY o.legacy_id) FROM orders o "
    "LEFT JOIN users u ON u.id = o.user_id";

void fill(ApplyFixture& world, bool has_orders = true) {
  world.apply({{world.insert("usr", {"1", "ana", "1"}), world.insert("usr", {"2", "bob", "2"}),
                world.insert("usr", {"3", "cy", "3"})}});
  if (has_orders) world.apply({{world.insert("ord", {"10", "1"}), world.insert("ord", {"20", "2"})}});
  world.database.exec("UPDATE users SET memo = 'of ' || legacy_id; UPDATE orders SET memo = 'of ' || legacy_id");
}

std::vector<core::Change> exchange(ApplyFixture& world) {
  return {world.update("usr", {"1", "bob", "1"}), world.update("usr", {"2", "ana", "2"})};
}

const std::string kOrdersAsTheyWere = "10 1 of 10, 20 2 of 20";

}  // namespace

BOOST_AUTO_TEST_SUITE(waiting_rows)

BOOST_AUTO_TEST_CASE(
    rows_that_exchange_a_unique_value_keep_all_that_the_new_application_has_of_them) {  // reliability 74
  for (const char* on_delete : {"delete", "keep", "{ set: { age: \"0\" } }"}) {
    ApplyFixture world{std::string{kShop} + kSessions, routes(on_delete)};
    fill(world);
    world.database.exec("INSERT INTO sessions SELECT id, 'of ' || legacy_id FROM users");
    world.apply({exchange(world)});
    BOOST_TEST(world.value(kUsers) == "1 bob of 1 100, 2 ana of 2 101, 3 cy of 3 102", on_delete);
    BOOST_TEST(world.value(kOrders) == kOrdersAsTheyWere, on_delete);
    BOOST_TEST(world.value("SELECT count(*) FROM sessions") == "3", on_delete);
    BOOST_TEST(world.value("SELECT string_agg(age::text, ' ' ORDER BY legacy_id) FROM users") == "1 2 3", on_delete);
    BOOST_TEST(world.refused() == "(null)", on_delete);
    // In a ring of three, and beside a row that is refused for good.
    world.apply({{world.update("usr", {"1", "ana", "1"}), world.update("usr", {"2", "cy", "2"}),
                  world.update("usr", {"3", "bob", "3"}), world.insert("usr", {"4", "bob", "4"})}});
    BOOST_TEST(world.value(kUsers) == "1 ana of 1 100, 2 cy of 2 101, 3 bob of 3 102", on_delete);
    BOOST_TEST(world.value(kOrders) == kOrdersAsTheyWere, on_delete);
    BOOST_TEST(world.refused() == "users 4", on_delete);
  }
}

BOOST_AUTO_TEST_CASE(a_value_that_comes_free_later_in_the_batch_takes_nothing_off_the_target) {  // reliability 74, 75
  for (const ForeignKeys foreign_keys : {ForeignKeys::Rest, ForeignKeys::Enforced}) {
    ApplyFixture world{std::string{kShop} + kSessions, routes(), foreign_keys};
    fill(world);
    world.database.exec("INSERT INTO sessions SELECT id, 'of ' || legacy_id FROM users");
    // Each takes the place of the next; the last of them moves on in a transaction of its own.
    world.apply({{world.update("usr", {"1", "bob", "1"}), world.update("usr", {"2", "cy", "2"}),
                  world.insert("usr", {"4", "ana", "4"}), world.insert("ord", {"40", "4"})},
                 {world.update("usr", {"3", "dan", "3"})}});
    BOOST_TEST(world.value("SELECT string_agg(concat_ws(' ', legacy_id, email, memo), ', ' ORDER BY legacy_id) FROM "
                           "users") == "1 bob of 1, 2 cy of 2, 3 dan of 3, 4 ana none");
    BOOST_TEST(world.value(kOrders) == kOrdersAsTheyWere + ", 40 4 none");
    BOOST_TEST(world.value("SELECT count(*) FROM sessions") == "3");
    BOOST_TEST(world.refused() == "(null)");
  }
}

BOOST_AUTO_TEST_CASE(what_is_refused_for_good_leaves_with_its_children_and_nobody_else_does) {  // reliability 97
  for (const ForeignKeys foreign_keys : {ForeignKeys::Rest, ForeignKeys::Enforced}) {
    ApplyFixture world{kShop, routes(), foreign_keys};
    fill(world);
    // 1 wants what 3 keeps; 2 takes what 1 had, and waits for it only.
    world.apply({{world.update("usr", {"2", "ana", "2"}), world.update("usr", {"1", "cy", "1"})}});
    BOOST_TEST(world.value(kUsers) == "2 ana of 2 101, 3 cy of 3 102");
    BOOST_TEST(world.value(kOrders) == "20 2 of 20");
    BOOST_TEST(world.refused() == "users 1");
    BOOST_TEST((world.counters("users") == core::RouteCounters{3, 2, 0, 0, 1}));
    BOOST_TEST((world.counters("orders") == core::RouteCounters{2, 1, 0, 1, 0}));
    // It is let in when it is tried with a value of its own.
    world.apply({{world.remove("usr", "3")}});
    world.applier().retry_rows(*world.plan().find_route("users"), std::vector{ApplyFixture::number(1)});
    world.commit();
    BOOST_TEST(world.value(kOrders) == "10 1 none, 20 2 of 20");
    BOOST_TEST(world.refused() == "(null)");
  }
}

BOOST_AUTO_TEST_CASE(a_row_that_is_kept_on_the_target_stays_whole_when_it_is_refused) {
  ApplyFixture world{kShop, routes("keep")};
  fill(world);
  world.apply({{world.update("usr", {"2", "ana", "2"}), world.update("usr", {"1", "cy", "1"})}});
  // Both stay with what they had, so that the second is refused for the first.
  BOOST_TEST(world.value(kUsers) == "1 ana of 1 100, 2 bob of 2 101, 3 cy of 3 102");
  BOOST_TEST(world.refused() == "users 1, users 2");
}

BOOST_AUTO_TEST_CASE(an_exchange_that_would_take_rows_of_the_new_application_along_stops_the_agent) {
  // Foreign keys are enforced, and one of them deletes.
  ApplyFixture world{std::string{kShop} + kSessions, routes(), ForeignKeys::Enforced};
  fill(world, false);
  world.database.exec("INSERT INTO sessions SELECT id, 'of ' || legacy_id FROM users");
  const std::string before = world.value(kUsers);
  BOOST_CHECK_EXCEPTION(world.apply({exchange(world)}), core::Error, [](const core::Error& error) {
    return error.kind() == core::ErrorKind::Refused && error.context("table") == "users" &&
           error.remedy().find("session_replication_role") != std::string::npos;
  });
  world.applier().abandon();
  BOOST_TEST(world.value(kUsers) == before);
  BOOST_TEST(world.value("SELECT count(*) FROM sessions") == "3");
  // Who is refused for good is told apart from it.
  world.apply({{world.update("usr", {"2", "ana", "2"}), world.update("usr", {"1", "cy", "1"})}});
  BOOST_TEST(world.value(kUsers) == "2 ana of 2 101, 3 cy of 3 102");
  BOOST_TEST(world.refused() == "users 1");
  BOOST_TEST(world.value("SELECT string_agg(device, ', ' ORDER BY device) FROM sessions") == "of 2, of 3");
}

BOOST_AUTO_TEST_CASE(an_exchange_needs_no_right_where_nobody_refers_to_the_rows) {  // reliability 74
  ApplyFixture world{kShop, routes("keep"), ForeignKeys::Enforced};
  fill(world, false);
  world.apply({exchange(world)});
  BOOST_TEST(world.value(kUsers) == "1 bob of 1 100, 2 ana of 2 101, 3 cy of 3 102");
  BOOST_TEST(world.refused() == "(null)");
  // A trigger of the new application would notice.
  world.database.exec(
      "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER note AFTER "
      "INSERT ON users FOR EACH ROW EXECUTE FUNCTION note()");
  BOOST_CHECK_THROW(world.apply({{world.update("usr", {"1", "ana", "1"}), world.update("usr", {"2", "bob", "2"})}}),
                    core::Error);
}

BOOST_AUTO_TEST_CASE(pairs_that_exchange_another_unique_value_keep_what_is_not_mapped) {
  ApplyFixture world{
      "CREATE TABLE old.pair (id integer PRIMARY KEY, a integer, b integer, place text);"
      "CREATE TABLE pairs (a integer, b integer, place text UNIQUE, memo text DEFAULT 'none', UNIQUE (a, b))",
      "  - { from: old.pair, to: pairs, id: null, conflict: [a, b], columns: { a: a, b: b, place: place } }\n"};
  world.apply({{world.insert("pair", {"1", "1", "1", "x"}), world.insert("pair", {"2", "2", "2", "y"})}});
  world.database.exec("UPDATE pairs SET memo = 'of ' || a");
  world.apply({{world.update("pair", {"1", "1", "1", "y"}), world.update("pair", {"2", "2", "2", "x"})}});
  BOOST_TEST(world.value("SELECT string_agg(concat_ws(' ', a, place, memo), ', ' ORDER BY a) FROM pairs") ==
             "1 y of 1, 2 x of 2");
  BOOST_TEST(world.refused() == "(null)");
}

BOOST_AUTO_TEST_CASE(a_row_that_waits_and_goes_is_gone) {
  for (const ForeignKeys foreign_keys : {ForeignKeys::Rest, ForeignKeys::Enforced}) {
    ApplyFixture world{kShop, routes(), foreign_keys};
    fill(world, false);
    // A new row and an old one wait, and are deleted; another one waits and is inserted again.
    world.apply({{world.insert("usr", {"4", "cy", "4"}), world.update("usr", {"1", "cy", "1"}),
                  world.insert("usr", {"5", "bob", "5"}), world.remove("usr", "4"), world.remove("usr", "1"),
                  world.remove("usr", "5"), world.insert("usr", {"5", "ana", "5"})}});
    BOOST_TEST(world.value("SELECT string_agg(legacy_id || email, ' ' ORDER BY legacy_id) FROM users") ==
               "2bob 3cy 5ana");
    BOOST_TEST(world.refused() == "(null)");
    BOOST_TEST((world.counters("users") == core::RouteCounters{3, 3, 0, 0, 0}));
  }
}

BOOST_AUTO_TEST_SUITE_END()
