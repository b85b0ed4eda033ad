// What else lives on the two servers: triggers, cascades, views, tables that are none of the agent's business.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/faults/people.hpp"

using faults::People;
using tests::CommandResult;

// reliability 129
BOOST_AUTO_TEST_CASE(triggers_of_the_target_fire_as_they_were_declared) {
  People pair;
  pair.target.exec(
      "CREATE TABLE fired (name text, op text, UNIQUE (name, op)); CREATE FUNCTION note() RETURNS trigger LANGUAGE "
      "plpgsql AS $$ BEGIN "
      "INSERT INTO public.fired VALUES (TG_NAME, TG_OP) ON CONFLICT DO NOTHING; RETURN NULL; END $$; "
      "CREATE TRIGGER ordinary AFTER INSERT OR UPDATE OR DELETE ON people FOR EACH ROW EXECUTE FUNCTION note(); "
      "CREATE TRIGGER always AFTER INSERT OR UPDATE OR DELETE ON people FOR EACH ROW EXECUTE FUNCTION note(); "
      "CREATE TRIGGER replica AFTER INSERT OR UPDATE OR DELETE ON people FOR EACH ROW EXECUTE FUNCTION note(); "
      "CREATE TRIGGER never AFTER INSERT OR UPDATE OR DELETE ON people FOR EACH ROW EXECUTE FUNCTION note(); "
      "ALTER TABLE people ENABLE ALWAYS TRIGGER always; ALTER TABLE people ENABLE REPLICA TRIGGER replica; ALTER TABLE "
      "people DISABLE "
      "TRIGGER never");
  pair.bring_over();
  pair.source.exec("UPDATE person SET name = 'new' WHERE id = 7; DELETE FROM person WHERE id = 8");
  pair.bring_over();
  BOOST_TEST(pair.on_target("SELECT string_agg(name || ' ' || op, ', ' ORDER BY name, op) FROM fired") ==
             "always DELETE, always INSERT, always UPDATE, replica DELETE, replica INSERT, replica UPDATE");
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 157, 76
BOOST_AUTO_TEST_CASE(rows_that_a_cascade_deletes_on_the_source_go_from_the_target) {
  People pair;
  pair.source.exec("ALTER TABLE person ADD FOREIGN KEY (team_id) REFERENCES team ON DELETE CASCADE");
  pair.bring_over();
  pair.source.exec("DELETE FROM team WHERE id IN (3, 4)");
  pair.bring_over();
  BOOST_TEST(pair.on_target("SELECT count(*) FROM people") == "240");
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 131
BOOST_AUTO_TEST_CASE(views_and_tables_that_are_not_logged_are_no_business_of_the_stream) {
  People pair;
  pair.source.exec(
      "CREATE SCHEMA other; CREATE MATERIALIZED VIEW heads AS SELECT team_id, count(*) FROM person GROUP BY 1; CREATE "
      "UNLOGGED TABLE "
      "other.scratch (id "
      "integer PRIMARY KEY); CREATE TABLE other.unmapped (id integer PRIMARY KEY)");
  pair.bring_over();
  pair.source.exec(
      "BEGIN; UPDATE person SET name = name || '!' WHERE id < 50; REFRESH MATERIALIZED VIEW heads; INSERT INTO "
      "other.scratch "
      "VALUES "
      "(1); CREATE TEMPORARY TABLE mine (id integer PRIMARY KEY) ON COMMIT DROP; INSERT INTO mine VALUES (1); INSERT "
      "INTO "
      "other.unmapped VALUES (1); TRUNCATE other.unmapped, other.scratch; COMMIT");
  pair.bring_over();
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 58
BOOST_AUTO_TEST_CASE(policies_that_would_hide_rows_of_the_source_are_an_error_and_not_an_empty_table) {
  People pair;
  pair.source.exec("ALTER TABLE person ENABLE ROW LEVEL SECURITY; ALTER TABLE person FORCE ROW LEVEL SECURITY");
  const CommandResult refused = pair.agent.command({"snapshot"});
  BOOST_TEST(refused.exit_code == 3, refused.err);
  BOOST_TEST(refused.err.find("person") != std::string::npos, refused.err);
  BOOST_TEST(refused.err.find("row-level security") != std::string::npos, refused.err);
  pair.source_admin.exec("ALTER ROLE dispatch_sync BYPASSRLS");
  pair.bring_over();
  pair.source_admin.exec("ALTER ROLE dispatch_sync NOBYPASSRLS");
  BOOST_CHECK_NO_THROW(pair.require_honest());
  BOOST_TEST(pair.on_target("SELECT count(*) FROM people") == "300");
}

// reliability 130
BOOST_AUTO_TEST_CASE(a_snapshot_that_a_constraint_stopped_is_completed_when_the_constraint_is_gone) {
  People pair(1000);
  pair.target.exec("ALTER TABLE people ADD CONSTRAINT none CHECK (false)");
  const CommandResult refused = pair.agent.command({"snapshot"});
  BOOST_TEST(refused.exit_code == 6, refused.err);
  BOOST_TEST(refused.err.find("route=people") != std::string::npos, refused.err);
  // Under a second snapshot the limit rests until the stream has passed it, and no longer.
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST(pair.agent.command({"run"}).exit_code == 6);
  }
  pair.target.exec("ALTER TABLE people DROP CONSTRAINT none");
  pair.bring_over();
  BOOST_CHECK_NO_THROW(pair.require_equal());
  BOOST_TEST(
      pair.source_admin.query_value("SELECT count(*) FROM pg_replication_slots WHERE database = current_database()")
          .value() == "1");
}
