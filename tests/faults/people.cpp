#include "tests/faults/people.hpp"

#include <stdexcept>

#include "tests/support/wait.hpp"

namespace faults {

namespace {

const std::string kSource = R"sql(
CREATE TABLE team (id integer PRIMARY KEY, name text);
CREATE TABLE person (id integer PRIMARY KEY, name text, team_id integer);
INSERT INTO team SELECT i, 'team ' || i FROM generate_series(1, 10) i;
)sql";

const std::string kTarget = R"sql(
CREATE TABLE teams (id uuid PRIMARY KEY, name text, legacy_id integer UNIQUE);
CREATE TABLE people (id uuid PRIMARY KEY, name text, team_id uuid REFERENCES teams, legacy_id integer UNIQUE);
)sql";

const std::string kMapping = R"yaml(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
routes:
  - from: team
    to: teams
    entity: team
    columns: { name: name, legacy_id: id }
  - from: person
    to: people
    entity: person
    columns: { name: name, team_id: "ref('team', team_id)", legacy_id: id }
)yaml";

/// A trigger that fires in every session, whatever its replication role. Sequences count what a rollback would take back.
std::string always(const std::string& name, const std::string& declaration, const std::string& body) {
  return "DROP SEQUENCE IF EXISTS " + name + "_count CASCADE; CREATE SEQUENCE " + name +
         "_count; CREATE OR REPLACE FUNCTION " + name + "() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body +
         " RETURN NEW; END $$; DROP TRIGGER IF EXISTS " + name + " ON people; CREATE " + declaration +
         " FOR EACH ROW EXECUTE FUNCTION " + name + "(); ALTER TABLE people ENABLE ALWAYS TRIGGER " + name;
}

void require_same(const std::string& what, const std::string& expected, const std::string& actual) {
  if (expected != actual) {
    throw std::runtime_error(what + " differ:" + tests::differing_lines(expected, actual));
  }
}

}  // namespace

People::People(int rows) : SmallPair(kSource, kTarget, kMapping) { add(1, rows); }

void People::add(int first, int last) const {
  source.exec("INSERT INTO person SELECT i, 'p' || i, 1 + i % 10 FROM generate_series(" + std::to_string(first) + ", " +
              std::to_string(last) + ") i");
}

void People::fail_writes(const std::string& sqlstate, int times) const {
  target.exec(always("failing", "TRIGGER failing BEFORE INSERT OR UPDATE OR DELETE ON people",
                     "IF nextval('public.failing_count') <= " + std::to_string(times) +
                         " THEN RAISE EXCEPTION 'as told' USING ERRCODE = '" + sqlstate +
                         "'; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;"));
}

void People::end_writer(int nth, bool at_commit) const {
  const std::string body = "IF nextval('public.ending_count') = " + std::to_string(nth) +
                           " THEN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60); END IF;";
  target.exec(always("ending",
                     at_commit
                         ? "CONSTRAINT TRIGGER ending AFTER INSERT OR UPDATE ON people DEFERRABLE INITIALLY DEFERRED"
                         : "TRIGGER ending BEFORE INSERT OR UPDATE ON people",
                     body));
}

void People::require_equal() const {
  require_same(
      "people",
      tests::as_text(source.query_rows("SELECT p.id, p.name, t.name FROM person p LEFT JOIN team t ON t.id = p.team_id "
                                       "ORDER BY p.id")),
      tests::as_text(target.query_rows("SELECT p.legacy_id, p.name, t.name FROM people p LEFT JOIN teams t ON t.id = "
                                       "p.team_id ORDER BY p.legacy_id")));
  require_same("teams", tests::as_text(source.query_rows("SELECT id, name FROM team ORDER BY id")),
               tests::as_text(target.query_rows("SELECT legacy_id, name FROM teams ORDER BY legacy_id")));
  for (const auto& [route, table] : {std::pair{"people", "person"}, std::pair{"teams", "team"}}) {
    const std::string rows = source.query_value(std::string("SELECT count(*) FROM ") + table).value();
    require_same(std::string("counters of ") + route, rows, std::to_string(counter(route, "applied")));
  }
  require_same("quarantined rows", "", quarantined());
  require_honest();
}

HeldInserts::HeldInserts(const tests::SmallPair& pair, const std::string& table)
    : pair_(pair), holder_(pair.target_admin.session()) {
  holder_.exec(
      "CREATE OR REPLACE FUNCTION held() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM "
      "pg_advisory_xact_lock_shared(4711); RETURN NEW; END $$; CREATE TRIGGER held BEFORE INSERT ON " +
      table + " FOR EACH ROW EXECUTE FUNCTION held(); ALTER TABLE " + table +
      " ENABLE ALWAYS TRIGGER held; SELECT "
      "pg_advisory_lock(4711)");
}

HeldInserts::~HeldInserts() = default;  // the lock goes with its session; the trigger finds nobody to wait for

void HeldInserts::wait() const {
  tests::wait_until(
      [this] {
        return pair_.target_admin.query_value(
                   "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = "
                   "(SELECT oid FROM pg_database WHERE datname = current_database())") != "0";
      },
      "somebody to insert");
}

std::string People::quarantined() const {
  return tests::as_text(
      target_admin.query_rows("SELECT route || ' ' || legacy_key || ' ' || coalesce(sqlstate, '') FROM "
                              "dispatch_sync.quarantine WHERE resolved_at IS NULL "
                              "ORDER BY route, length(legacy_key), legacy_key"));
}

}  // namespace faults
