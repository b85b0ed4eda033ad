#include "tests/crash/staff.hpp"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "tests/support/wait.hpp"

namespace crash {

namespace {

const std::string kSource = R"text(
CREATE TABLE team (id integer PRIMARY KEY, name text NOT NULL, active boolean NOT NULL, spare text);
CREATE TABLE person (id integer PRIMARY KEY, name text, team_id integer, boss_id integer, note text);
CREATE TABLE badge (id integer PRIMARY KEY, label text);
CREATE TABLE person_badge (id integer PRIMARY KEY, person_id integer NOT NULL, badge_id integer NOT NULL);
INSERT INTO team SELECT i, 'team ' || i, i % 4 > 0, 's' FROM generate_series(1, 40) i;
INSERT INTO person SELECT i, CASE WHEN i % 9 > 0 THEN 'person ' || i END, nullif(i % 44, 0), nullif(i * 7 % 2300, 0),
  repeat(md5(i::text), i % 5) FROM generate_series(1, 2000) i;
INSERT INTO badge SELECT i, 'badge ' || i FROM generate_series(1, 20) i;
INSERT INTO person_badge SELECT i, 1 + i * 13 % 2000, 1 + i % 20 FROM generate_series(1, 1500) i;
-- pairs that two rows share
INSERT INTO person_badge SELECT 2000 + id, person_id, badge_id FROM person_badge WHERE id <= 50;
)text";

const std::string kTarget = R"text(
CREATE TABLE teams (id uuid PRIMARY KEY, name text NOT NULL, legacy_id integer UNIQUE, spare text);
CREATE TABLE people (id uuid PRIMARY KEY, name text NOT NULL, team_id uuid REFERENCES teams, team_name text,
  boss_id uuid REFERENCES people, note text, legacy_id integer UNIQUE);
CREATE TABLE badges (id uuid PRIMARY KEY, label text UNIQUE, legacy_id integer UNIQUE);
ALTER TABLE people ADD CONSTRAINT no_refused_note CHECK (note IS DISTINCT FROM 'refused');
-- ids that an earlier migration handed out
CREATE TABLE earlier_team (key integer, id uuid);
INSERT INTO earlier_team SELECT i, lpad(i::text, 32, '0')::uuid FROM generate_series(1, 5) i;
CREATE TABLE people_badges (person_id uuid NOT NULL REFERENCES people, badge_id uuid NOT NULL REFERENCES badges,
  PRIMARY KEY (person_id, badge_id));
)text";

const std::string kMapping = R"text(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
entities:
  team: { adopt: "SELECT key, id FROM earlier_team" }
routes:
  - from: team
    to: teams
    entity: team
    where: active
    columns: { name: name, legacy_id: id }
  - from: person
    to: people
    entity: person
    join: { team: { from: team, on: { id: team_id } } }
    columns:
      name: coalesce(name, 'Unknown')
      team_id: ref('team', team_id)
      team_name: upper(team.name)
      boss_id: { expr: "ref('person', boss_id)", missing: "null" }
      note: note
      legacy_id: id
  - from: badge
    to: badges
    entity: badge
    columns: { label: label, legacy_id: id }
  - from: person_badge
    to: people_badges
    id: null
    conflict: [person_id, badge_id]
    columns:
      person_id: ref('person', person_id)
      badge_id: ref('badge', badge_id)
)text";

// What the mapping means, said a second time. The schema is no part of the publication.
const std::string kOracle = R"text(
CREATE SCHEMA oracle;
CREATE EXTENSION "uuid-ossp" SCHEMA oracle;
CREATE FUNCTION oracle.uuid(entity text, key integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS
  $$ SELECT CASE WHEN entity = 'team' AND key <= 5 THEN lpad(key::text, 32, '0')::uuid ELSE oracle.uuid_generate_v5('6ba7b811-9dad-11d1-80b4-00c04fd430c8', entity || ':' || key) END $$;
CREATE VIEW oracle.present_person AS
  SELECT * FROM public.person WHERE team_id IS NULL OR team_id IN (SELECT id FROM public.team WHERE active);
CREATE VIEW oracle.teams AS
  SELECT oracle.uuid('team', id) AS id, name, id AS legacy_id FROM public.team WHERE active;
CREATE VIEW oracle.people AS
  SELECT oracle.uuid('person', p.id) AS id, CASE WHEN p.name IS NULL THEN 'Unknown' ELSE p.name END AS name,
         oracle.uuid('team', p.team_id) AS team_id, (SELECT upper(name) FROM public.team WHERE id = p.team_id) AS team_name,
         (SELECT oracle.uuid('person', b.id) FROM oracle.present_person b WHERE b.id = p.boss_id) AS boss_id,
         md5(p.note) AS note, p.id AS legacy_id
  FROM oracle.present_person p;
CREATE VIEW oracle.badges AS SELECT oracle.uuid('badge', id) AS id, label, id AS legacy_id FROM public.badge;
CREATE VIEW oracle.people_badges AS
  SELECT DISTINCT oracle.uuid('person', person_id) AS person_id, oracle.uuid('badge', badge_id) AS badge_id
  FROM public.person_badge WHERE person_id IN (SELECT id FROM oracle.present_person) AND badge_id IN (SELECT id FROM public.badge);
CREATE VIEW oracle.tally AS
  SELECT 'teams' AS route, count(*) AS read, count(*) FILTER (WHERE active) AS applied,
         count(*) FILTER (WHERE NOT active) AS filtered, 0::bigint AS parked FROM public.team
  UNION ALL SELECT 'people', count(*), (SELECT count(*) FROM oracle.present_person), 0,
         count(*) - (SELECT count(*) FROM oracle.present_person) FROM public.person
  UNION ALL SELECT 'badges', count(*), count(*), 0, 0 FROM public.badge
  UNION ALL SELECT 'people_badges', count(*), count(*) FILTER (WHERE kept), 0, count(*) FILTER (WHERE NOT kept)
  FROM (SELECT person_id IN (SELECT id FROM oracle.present_person) AND badge_id IN (SELECT id FROM public.badge) AS kept
        FROM public.person_badge) r;
)text";

}  // namespace

Staff::Staff() : pair(kSource, kTarget, kMapping) {
  pair.source_admin.exec(kOracle);
  pair.agent.options().chunk_rows = 100;
  pair.agent.configure();
}

void Staff::change(int n) const {
  pair.source.exec(
      fmt::format("BEGIN;"
                  "INSERT INTO person_badge VALUES ({0} + 10000, {0} + 10000, 1 + {0} % 22);"  // before its person
                  "INSERT INTO person VALUES ({0} + 10000, 'new {0}', 1 + {0} % 42, {0}, 'n');"
                  "UPDATE team SET name = name || '+' WHERE id = 1 + {0} * 3 % 40;"
                  "UPDATE team SET active = NOT active WHERE id = 1 + {0} * 7 % 40;"
                  "DELETE FROM person WHERE id = 3 * {0} + 1;"
                  "UPDATE person SET boss_id = {0} * 5, note = NULL WHERE id = 5 * {0} + 2;"
                  "UPDATE person SET id = id + 100000 WHERE id = 11 * {0} + 4;"
                  "SAVEPOINT s; DELETE FROM person; UPDATE badge SET label = 'never'; ROLLBACK TO s;"
                  "DELETE FROM person_badge WHERE id = {0} OR id = 2000 + {0};"
                  "INSERT INTO person_badge VALUES ({0} + 20000, 1 + {0} % 2000, 1 + {0} % 20);"
                  "INSERT INTO badge VALUES (20 + {0}, 'late {0}') ON CONFLICT DO NOTHING;"
                  "COMMIT",
                  n));
}

void Staff::change_everything() const {
  pair.source.exec(
      "BEGIN; UPDATE person SET note = repeat(md5(id::text), 40), name = 'all ' || id; UPDATE person_badge SET "
      "badge_id = 1 + id % 21;"
      "COMMIT");
}

void Staff::insert_refused(int n) const {
  pair.source.exec(fmt::format("INSERT INTO person VALUES ({}, 'refused', NULL, NULL, 'refused')", 300000 + n));
}

void Staff::mend_refused() const { pair.source.exec("UPDATE person SET note = 'mended' WHERE note = 'refused'"); }

void Staff::swap_labels() const {
  pair.source.exec(
      "UPDATE badge b SET label = o.label FROM badge o WHERE b.id IN (7, 8) AND o.id IN (7, 8) AND b.id <> o.id");
}

void Staff::truncate() const {
  pair.source.exec(
      "BEGIN; CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM person_badge; TRUNCATE person_badge;"
      "INSERT INTO person_badge SELECT * FROM kept WHERE id % 10 > 0; COMMIT");
}

void Staff::change_much(int n) const {
  pair.source.exec(fmt::format(
      "BEGIN; UPDATE team SET active = NOT active WHERE id % 2 = 0;"
      "SAVEPOINT s; UPDATE person SET note = 'never' WHERE id < 1000; ROLLBACK TO s;"
      "INSERT INTO person SELECT i, repeat('long ', 1700), 1 + i % 40, NULL, NULL FROM generate_series({0}, "
      "{0} + 1200) i; COMMIT; DELETE FROM person WHERE id BETWEEN {0} + 100 AND {0} + 4900",
      400000 + n * 10000));
}

void Staff::sweep(int n) const {
  pair.source.exec(
      fmt::format("BEGIN; DELETE FROM person WHERE abs(id) % 100 = {0} % 100; DELETE FROM person_badge WHERE abs(id) % "
                  "100 = {0} % 100; INSERT INTO person SELECT i, 'swept', 1 + i % 40, i + 1, NULL FROM generate_series("
                  "{0} % 100 + 3000, 4000, 100) i ON CONFLICT DO NOTHING; COMMIT",
                  n));
}

void Staff::change_layout() {
  std::string& mapping = pair.agent.options().mapping;
  std::string before = "columns: { name: name, legacy_id: id }";
  std::string after = "columns: { name: name, legacy_id: id, spare: spare }";
  if (mapping.find(before) == std::string::npos) std::swap(before, after);
  mapping.replace(mapping.find(before), before.size(), after);
  pair.agent.configure();
}

void Staff::expect_one_slot() const {
  const auto slots = [&] {
    return pair.source_admin
        .query_value("SELECT string_agg(slot_name, ' ') FROM pg_replication_slots WHERE database = current_database()")
        .value_or("");
  };
  // A temporary one goes with its connection, which the server notices a moment later.
  tests::wait_until([&] { return slots() == pair.name; }, "no slot but " + pair.name);
}

void Staff::expect_nothing_ahead() const {
  const auto confirmed = pair.source_admin.query_value(
      "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '" + pair.name + "'");
  if (!confirmed || !pair.target_admin.query_value("SELECT to_regclass('dispatch_sync.checkpoint')")) return;
  const auto is_behind = pair.target_admin.query_value(
      "SELECT '" + *confirmed + "' <= applied_lsn FROM dispatch_sync.checkpoint WHERE slot = '" + pair.name + "'");
  // No checkpoint yet: the slot may have been made, but nothing has been acknowledged.
  BOOST_TEST(is_behind.value_or("t") == "t", "the slot's " << *confirmed << " is beyond the checkpoint");
}

void Staff::expect_equal() const {
  const auto compare = [this](const std::string& table, const std::string& columns) {
    const std::string order = " ORDER BY 1, 2";
    const std::string expected = tests::as_text(pair.source_admin.query_rows("SELECT * FROM oracle." + table + order));
    const std::string actual =
        tests::as_text(pair.target_admin.query_rows("SELECT " + columns + " FROM " + table + order));
    BOOST_TEST(expected.size() > 100U);
    BOOST_TEST((expected == actual), table << " differs:" << tests::differing_lines(expected, actual));
  };
  compare("teams", "id, name, legacy_id");
  compare("people", "id, name, team_id, team_name, boss_id, md5(note), legacy_id");
  compare("badges", "id, label, legacy_id");
  compare("people_badges", "person_id, badge_id");
  for (const auto& row : pair.source_admin.query_rows("SELECT * FROM oracle.tally")) {
    const std::string& route = row.at(0).value();
    std::string counted;
    std::string expected;
    const char* const names[] = {"read", "applied", "filtered", "parked"};
    for (std::size_t i = 0; i < std::size(names); ++i) {
      counted += fmt::format(" {} {}", names[i], pair.counter(route, names[i]));
      expected += fmt::format(" {} {}", names[i], row.at(i + 1).value());
    }
    BOOST_TEST(counted == expected, route << " counts" << counted << "; expected" << expected);
    BOOST_TEST(pair.counter(route, "quarantined") == 0);
  }
}

}  // namespace crash
