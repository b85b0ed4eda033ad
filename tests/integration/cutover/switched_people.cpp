#include "tests/integration/cutover/switched_people.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

namespace cutover_tests {

void SwitchedPeople::list_a_column_for_cleanup() {
  target.exec("ALTER TABLE people ADD old text DEFAULT 'of old'");
  agent.options().mapping += "cleanup: { drop_columns: { people: [old] } }\n";
  agent.configure();
}

bool SwitchedPeople::has_old_column() const {
  return on_target(
             "SELECT count(*) FROM information_schema.columns WHERE table_name = 'people' AND column_name = 'old'") ==
         "1";
}

bool SwitchedPeople::takes_writes() const {
  try {
    source.exec("UPDATE person SET name = name WHERE id = 1");
    return true;
  } catch (const tests::SqlError&) {
    return false;
  }
}

bool SwitchedPeople::has_slot() const {
  return source_admin.query_value("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '" + name + "'") == "1";
}

bool SwitchedPeople::has_publication() const {
  return source_admin.query_value("SELECT count(*) FROM pg_publication") == "1";
}

bool SwitchedPeople::has_mappings_view() const {
  return on_target("SELECT relkind FROM pg_class WHERE oid = 'dispatch_sync.migration_mappings'::regclass") == "v";
}

void SwitchedPeople::require_switched() {
  BOOST_TEST(!takes_writes());
  BOOST_TEST(!has_slot());
  BOOST_TEST(!has_publication());
  BOOST_TEST(!has_mappings_view());
  const std::string expected = tests::as_text(
      source.query_rows("SELECT p.id, p.name, t.name FROM person p JOIN team t ON t.id = p.team_id ORDER BY p.id"));
  const std::string actual = tests::as_text(target.query_rows(
      "SELECT p.legacy_id, p.name, t.name FROM people p JOIN teams t ON t.id = p.team_id WHERE p.legacy_id IS NOT NULL "
      "ORDER BY p.legacy_id"));
  BOOST_TEST(actual == expected, tests::differing_lines(expected, actual));
  BOOST_TEST(
      on_target("SELECT count(*) FROM people p JOIN dispatch_sync.migration_mappings m ON m.entity = 'person' AND "
                "m.legacy_key = p.legacy_id::text AND m.uuid = p.id") ==
      source.query_value("SELECT count(*) FROM person").value());
  BOOST_TEST(nlohmann::json::parse(agent.status()).at("phase") == "done");
}

void SwitchedPeople::require_as_before() {
  BOOST_TEST(takes_writes());
  BOOST_TEST(has_slot());
  BOOST_TEST(has_publication());
  BOOST_TEST(has_mappings_view());
}

Application::Application(const tests::SmallPair& pair)
    : thread_([&pair](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          try {
            tests::Sql session = pair.source.session();
            while (!stop.stop_requested())
              session.exec("UPDATE person SET name = left(name, 8) || '.' WHERE id = 1 + (random() * 200)::int");
          } catch (const tests::SqlError&) {
            std::this_thread::yield();
          }
        }
      }) {}

}  // namespace cutover_tests
