#include "tests/integration/validate/office.hpp"

#include <algorithm>
#include <stdexcept>

#include "tests/property/random.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/wait.hpp"

namespace tests {

namespace {

constexpr const char* kSource = R"sql(
CREATE TABLE team (id integer PRIMARY KEY, name text NOT NULL, parent_id integer);
CREATE TABLE person (id integer PRIMARY KEY, name text, team_id integer, active boolean NOT NULL DEFAULT true, pay numeric(10,2));
CREATE TABLE tag (id integer PRIMARY KEY, person_id integer NOT NULL, label text NOT NULL);
CREATE TABLE invoice (id integer PRIMARY KEY, person_id integer, total numeric(10,2));
INSERT INTO team SELECT i, 'team ' || i, CASE WHEN i > 1 THEN i - 1 END FROM generate_series(1, 10) i;
INSERT INTO person SELECT i, 'person ' || i, 1 + i % 10, i % 20 <> 0, i * 1.5 FROM generate_series(1, 200) i;
INSERT INTO tag SELECT i, 1 + i % 50, 'label ' || i % 3 FROM generate_series(1, 300) i;
INSERT INTO invoice SELECT i, 1 + i, i * 2 FROM generate_series(1, 60) i)sql";

constexpr const char* kTarget = R"sql(
CREATE TABLE teams (id uuid PRIMARY KEY, name text NOT NULL, parent uuid REFERENCES teams (id), legacy_id integer);
CREATE TABLE people (id uuid PRIMARY KEY, name varchar(60), team uuid REFERENCES teams (id), team_name text, pay numeric(10,2), legacy_id integer,
  mood text, CHECK (pay <> 13.13));
CREATE TABLE tags (person uuid REFERENCES people (id), label text, PRIMARY KEY (person, label));
CREATE TABLE invoices (id uuid PRIMARY KEY, person uuid, total numeric(10,2), legacy_id integer))sql";

constexpr const char* kMapping = R"yaml(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
tables: [team, person, tag, invoice]
routes:
  - { from: team, to: teams, entity: team, columns: { name: name, parent: "ref('team', parent_id)", legacy_id: id } }
  - from: person
    to: people
    entity: person
    join: { team: { from: team, on: { id: team_id } } }
    where: active
    columns: { name: name, team: "ref('team', team_id)", team_name: upper(team.name), pay: pay, legacy_id: id }
  - from: tag
    to: tags
    id: null
    conflict: [person, label]
    columns: { person: { expr: "ref('person', person_id)", missing: filter }, label: label }
  - from: invoice
    to: invoices
    entity: invoice
    on_delete: keep
    columns: { person: { expr: "ref('person', person_id)", missing: "null" }, total: total, legacy_id: id }
reconcile:
  - name: pay
    source: SELECT count(*), sum(pay)::float8::numeric FROM person WHERE active
    target: SELECT count(*), sum(pay) FROM people WHERE legacy_id IS NOT NULL
)yaml";

}  // namespace

Office::Office() : SmallPair(kSource, kTarget, kMapping) {
  agent.options().max_quarantine = "20%";
  agent.options().chunk_rows = 100;
  agent.configure();
}

const nlohmann::json& Office::Verdict::route(const std::string& name) const {
  for (const auto& one : json.at("routes")) {
    if (one.at("name") == name) return one;
  }
  throw std::runtime_error("the outcome has no route " + name);
}

long Office::Verdict::count(const std::string& route_name, const std::string& which) const {
  return route(route_name).at(which).get<long>();
}

std::vector<std::string> Office::Verdict::findings() const {
  std::vector<std::string> findings;
  for (const auto& one : json.at("routes")) {
    for (const auto& example : one.at("examples")) {
      std::string line = one.at("name").get<std::string>() + " " + example.at("kind").get<std::string>() + " " +
                         example.at("legacy_key").get<std::string>();
      for (const auto& column : example.at("columns")) line += " " + column.get<std::string>();
      findings.push_back(line);
    }
  }
  std::ranges::sort(findings);
  return findings;
}

Office::Verdict Office::validate(std::vector<std::string> args) const {
  args.insert(args.begin(), {"validate", "--json"});
  const CommandResult result = agent.command(std::move(args));
  if (result.exit_code != 0 && result.exit_code != 1 && result.exit_code != 7) {
    throw std::runtime_error("validate ended with " + std::to_string(result.exit_code) + ": " + result.err);
  }
  return {result.exit_code, nlohmann::json::parse(result.out), result.err};
}

void Office::require_equal() const {
  const Verdict verdict = validate();
  if (verdict.exit_code != 0) throw std::runtime_error("not equal: " + verdict.json.dump(1) + verdict.log);
}

LiveWork::LiveWork(const Office& office)
    : thread_([this, &office](const std::stop_token& stop) {
        try {
          work(office, stop);
        } catch (...) {
          failure_ = std::current_exception();
        }
      }) {}

void LiveWork::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  if (failure_) std::rethrow_exception(failure_);
}

void LiveWork::work(const Office& office, const std::stop_token& stop) {
  Random random{seed()};
  constexpr long kInFlight = 20;
  Sql source = office.source.session();
  Sql target = office.target_admin.session();
  std::string before;
  for (long next = 1000; !stop.stop_requested(); ++next) {
    const auto some = [&] { return std::to_string(random.between(100, next)); };
    const std::string number = std::to_string(next);
    std::string sql = "BEGIN;";
    for (std::int64_t i = random.between(1, 4); i > 0; --i) {
      switch (random.below(9)) {
        case 0: sql += "UPDATE person SET name = 'work ' || " + number + " WHERE id = " + some() + ";"; break;
        case 1: sql += "UPDATE person SET active = NOT active WHERE id = " + some() + ";"; break;
        case 2:
          sql += "UPDATE person SET team_id = 1 + " + some() + " % 10, pay = " + number + " WHERE id = " + some() + ";";
          break;
        case 3: sql += "DELETE FROM person WHERE id = " + some() + ";"; break;
        case 4: sql += "UPDATE tag SET person_id = " + some() + " WHERE id = " + some() + ";"; break;
        case 5: sql += "DELETE FROM tag WHERE id = " + some() + ";"; break;
        case 6: sql += "UPDATE team SET name = 'team " + number + "' WHERE id = 10;"; break;
        case 7:
          sql += "UPDATE invoice SET total = " + number + ", person_id = " + some() + " WHERE id = " + some() + ";";
          break;
        default: break;
      }
    }
    sql += "INSERT INTO person VALUES (" + number + ", 'new', 1 + " + number + " % 10, " + number + " % 5 <> 0, 1);";
    sql += "INSERT INTO tag VALUES (" + number + ", " + some() + ", 'label ' || " + number + " % 3);";
    sql += "INSERT INTO invoice VALUES (" + number + ", " + some() + ", 7);";
    source.exec(sql + (random.chance(10) ? "ROLLBACK" : "COMMIT"));
    // As much as the agent can bear: what it cannot apply would only make a queue.
    if (++transactions_ % kInFlight != 0) continue;
    const std::string now = source.query_value("SELECT pg_current_wal_insert_lsn()").value();
    wait_until(
        [&] {
          return stop.stop_requested() || before.empty() ||
                 target.query_value("SELECT applied_lsn >= '" + before + "' FROM dispatch_sync.checkpoint") == "t";
        },
        "the agent to keep up with the work");
    before = now;
  }
}

}  // namespace tests
