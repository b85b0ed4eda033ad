#include "tests/integration/repair/club.hpp"

#include <stdexcept>

#include "agent/validation.hpp"
#include "tests/support/spoilt_state.hpp"
#include "validate/finding_log.hpp"

namespace repair {

namespace {

const std::string kSource = R"sql(
CREATE TABLE team (id integer PRIMARY KEY, name text, open boolean NOT NULL DEFAULT true);
CREATE TABLE nick (id integer PRIMARY KEY, person_id integer UNIQUE, word text);
CREATE TABLE person (id integer PRIMARY KEY, name text, team_id integer);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, team_id integer);
INSERT INTO team SELECT i, 'team ' || i FROM generate_series(1, 10) i;
INSERT INTO person SELECT i, 'p' || i, 1 + i % 10 FROM generate_series(1, 200) i;
INSERT INTO nick SELECT i, i, 'n' || i FROM generate_series(1, 100) i;
INSERT INTO member SELECT i, i, 1 + (i + 3) % 10 FROM generate_series(1, 50) i;
)sql";

const std::string kTarget = R"sql(
CREATE TABLE teams (id uuid PRIMARY KEY, name text, legacy_id integer UNIQUE);
CREATE TABLE people (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text, nick text, team_id uuid REFERENCES teams, legacy_id integer UNIQUE);
CREATE TABLE members (person_id uuid NOT NULL, team_id uuid NOT NULL, PRIMARY KEY (person_id, team_id));
INSERT INTO people (name, legacy_id) SELECT 'of old', i FROM generate_series(1, 3) i;
INSERT INTO people (name) VALUES ('of the new application');
)sql";

const std::string kMapping = R"yaml(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
entities:
  person:
    adopt: SELECT legacy_id, id FROM people WHERE legacy_id IS NOT NULL
routes:
  - from: team
    to: teams
    entity: team
    where: open
    columns: { name: name, legacy_id: id }
  - from: person
    to: people
    entity: person
    join: { nick: { from: nick, on: { person_id: id } } }
    columns: { name: name, nick: nick.word, team_id: "ref('team', team_id)", legacy_id: id }
  - from: member
    to: members
    id: null
    conflict: [person_id, team_id]
    columns: { person_id: "ref('person', person_id)", team_id: "ref('team', team_id)" }
)yaml";

void require_same(const std::string& what, const std::vector<tests::SqlRow>& expected,
                  const std::vector<tests::SqlRow>& actual) {
  const std::string differing = tests::differing_lines(tests::as_text(expected), tests::as_text(actual));
  if (!differing.empty()) throw std::runtime_error(what + " differ:" + differing);
}

}  // namespace

Club::Club(const std::string& more_target) : SmallPair(kSource, kTarget + more_target, kMapping) {
  agent.options().max_quarantine = "5%";
  agent.configure();
  bring_over();
}

void Club::found(const std::vector<validate::Finding>& findings) const {
  validate::FindingLog log{validate::FindingLog::path_in(agent.state_dir()),
                           ::agent::finding_origin(tests::environment_of(agent), core::Lsn{1})};
  for (const validate::Finding& finding : findings) log.add(finding);
  log.finish();
}

void Club::require_equal() const {
  require_same("teams", source.query_rows("SELECT id, name FROM team WHERE open ORDER BY 1"),
               target.query_rows("SELECT legacy_id, name FROM teams ORDER BY 1"));
  require_same("people",
               source.query_rows("SELECT p.id, p.name, n.word, t.id FROM person p JOIN team t ON t.id = p.team_id AND "
                                 "t.open LEFT JOIN nick n ON n.person_id = p.id ORDER BY 1"),
               target.query_rows("SELECT p.legacy_id, p.name, p.nick, t.legacy_id FROM people p LEFT JOIN teams t ON "
                                 "t.id = p.team_id WHERE p.legacy_id IS NOT NULL ORDER BY 1"));
  require_same(
      "members",
      source.query_rows("SELECT DISTINCT m.person_id, m.team_id FROM member m JOIN person p ON p.id = "
                        "m.person_id JOIN team t ON t.id = m.team_id AND t.open JOIN team o ON o.id = p.team_id "
                        "AND o.open ORDER BY 1, 2"),
      target.query_rows("SELECT p.legacy_id, t.legacy_id FROM members m LEFT JOIN people p ON p.id = "
                        "m.person_id LEFT JOIN teams t ON t.id = m.team_id ORDER BY 1, 2"));
  require_honest();
}

std::string Club::person_id(int person) const {
  return on_target("SELECT id FROM people WHERE legacy_id = " + std::to_string(person));
}

std::string Club::team_id(int team) const {
  return on_target("SELECT id FROM teams WHERE legacy_id = " + std::to_string(team));
}

validate::Finding missing(const std::string& route, const std::string& key) {
  return {.route = route, .kind = validate::FindingKind::Missing, .legacy_key = key};
}

validate::Finding different(const std::string& route, const std::string& key) {
  return {.route = route, .kind = validate::FindingKind::Different, .legacy_key = key};
}

validate::Finding extra(const std::string& route, const std::string& key, const std::vector<std::string>& target_key) {
  return {.route = route, .kind = validate::FindingKind::Extra, .legacy_key = key, .target_key = target_key};
}

}  // namespace repair
