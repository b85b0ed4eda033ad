#include "tests/service/secrets.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/support/replicated_pair.hpp"

namespace service {

namespace {

namespace fs = std::filesystem;

const std::string kSource = R"sql(
CREATE TABLE doctor (id integer PRIMARY KEY, name text, email text);
CREATE TABLE patient (id integer PRIMARY KEY, name text, email text, salary text, history text, doctor_id integer);
CREATE TABLE subscriber (email text PRIMARY KEY, name text, patient_id integer);
INSERT INTO doctor SELECT i, 'planted-name-' || i, 'planted-' || i || '@mail.example' FROM generate_series(1, 20) i;
INSERT INTO patient SELECT i, 'planted-name-' || i, 'planted-' || i || '@mail.example', i, '{"planted": ' || i || '}', 1 + i % 20
  FROM generate_series(1, 400) i;
INSERT INTO subscriber SELECT 'natural.key.' || i || '@mail.example', 'planted-name-' || i, i FROM generate_series(1, 300) i;
-- What cannot be read as a number or as JSON, what is too large, a name too long, a parent who is not there.
INSERT INTO patient VALUES (501, 'planted', 'planted@mail.example', 'planted-number', '{}', 1),
  (502, 'planted', 'planted@mail.example', '987654321012', '{}', 1), (503, 'planted', 'planted@mail.example', '1', '{"planted', 1),
  (504, repeat('planted', 20), 'planted@mail.example', '1', '{}', 1), (505, 'planted', 'planted@mail.example', '1', '{}', 99);
INSERT INTO subscriber VALUES ('natural.key.501@mail.example', repeat('planted', 20), 1), ('natural.key.502@mail.example', 'planted', 505);
)sql";

const std::string kTarget = R"sql(
CREATE TABLE doctors (id uuid PRIMARY KEY, name text, email text, old_name text, legacy_id integer UNIQUE);
CREATE TABLE patients (id uuid PRIMARY KEY, name varchar(60), email text, salary integer, history jsonb, doctor_id uuid REFERENCES doctors,
  legacy_id integer UNIQUE);
CREATE TABLE subscribers (id uuid PRIMARY KEY, email text UNIQUE, name text CHECK (length(name) < 60), patient_id uuid REFERENCES patients);
-- Whose message, detail and hint quote the row.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.name LIKE '%-told' THEN
    RAISE EXCEPTION 'no: %', NEW.name USING DETAIL = NEW.email, HINT = NEW.name;
  END IF;
  RAISE NOTICE '%', NEW.name;
  RETURN NEW;
END $$;
CREATE TRIGGER tell BEFORE INSERT OR UPDATE ON patients FOR EACH ROW EXECUTE FUNCTION tell();
ALTER TABLE patients ENABLE ALWAYS TRIGGER tell;
)sql";

const std::string kMapping = R"yaml(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
routes:
  - from: doctor
    to: doctors
    entity: doctor
    columns: { name: name, email: email, legacy_id: id }
  - from: patient
    to: patients
    entity: patient
    columns:
      name: name
      email: email
      salary: salary::integer
      history: history::jsonb
      doctor_id: ref('doctor', doctor_id)
      legacy_id: id
  - from: subscriber
    to: subscribers
    entity: subscriber
    columns: { email: email, name: name, patient_id: "ref('patient', patient_id)" }
cleanup:
  drop_columns:
    doctors: [old_name]
)yaml";

std::string with_password(std::string url) {
  return url.insert(url.find('@'), std::string(":") + Secrets::kSecret + "-password");
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string name_of(const std::vector<std::string>& command) {
  std::string name = "agent";
  for (const std::string& word : command) name += " " + word;
  return name;
}

/// Everything in the ledger but for the columns that are there to hold rows, and, unless `with_keys`, those that name rows.
std::string ledger_of(const tests::Database& admin, bool with_keys) {
  const std::string skipped = with_keys ? "'row'" : "'row', 'legacy_key', 'target_key', 'key'";
  std::string text;
  for (const auto& row : admin.query_rows("SELECT c.relname, string_agg(quote_ident(a.attname) || '::text', ', ') FROM "
                                          "pg_class c JOIN pg_attribute a ON "
                                          "a.attrelid = c.oid WHERE c.relnamespace = 'dispatch_sync'::regnamespace AND "
                                          "c.relkind IN ('r', 'v', 'p') AND "
                                          "a.attnum > 0 AND NOT a.attisdropped AND a.attname NOT IN (" +
                                          skipped + ") AND c.relname NOT LIKE 'archive%' GROUP BY 1 ORDER BY 1")) {
    text +=
        "table " + row.at(0).value() + "\n" +
        tests::as_text(admin.query_rows("SELECT " + row.at(1).value() + " FROM dispatch_sync." + row.at(0).value()));
  }
  return text;
}

void find(const std::string& secret, const std::map<std::string, std::string>& texts, std::string& found) {
  for (const auto& [place, text] : texts) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.find(secret) != std::string::npos) found += place + ": " + line.substr(0, 2000) + "\n";
    }
  }
}

}  // namespace

Secrets::Secrets() : SmallPair(kSource, kTarget, kMapping) {
  tests::ReplicatedPair& servers = tests::shared_servers();
  agent.options().source_url = with_password(servers.source_cluster.tcp_url(name, "dispatch_sync"));
  agent.options().target_url = with_password(servers.target_cluster.tcp_url(name, "postgres"));
  agent.options().max_quarantine = "50%";
  agent.options().batch_rows = 50;
  agent.configure();
}

tests::AgentUnderTest::Environment Secrets::environment() const {
  auto environment = manager_.environment(std::chrono::seconds(30));
  environment.emplace_back("LOGS_DIRECTORY", (agent.directory() / "log").string());
  return environment;
}

tests::CommandResult Secrets::keep(const std::vector<std::string>& command, std::map<std::string, std::string>& out) {
  std::vector<std::string> args = {"--log-level", "trace"};
  args.insert(args.end(), command.begin(), command.end());
  tests::CommandResult result = agent.command(args, environment());
  out[name_of(command)] += result.out;
  said_[name_of(command) + ", stderr"] += result.err;
  static_cast<void>(manager_.told());  // a manager reads: whoever tells it something would wait for that in the end
  return result;
}

tests::CommandResult Secrets::say(const std::vector<std::string>& command) { return keep(command, said_); }
tests::CommandResult Secrets::say_keys(const std::vector<std::string>& command) { return keep(command, with_keys_); }

void Secrets::run() {
  std::string text = text_of(agent.config_file());
  if (const std::size_t at = text.find("level: info"); at != std::string::npos) text.replace(at, 11, "level: trace");
  std::ofstream(agent.config_file()) << text;
  agent.start(environment());
}

int Secrets::end_run() {
  const int code = agent.stop();
  said_["agent run"] += agent.process().out();
  said_["agent run, stderr"] += agent.process().err();
  return code;
}

void Secrets::look_around() {
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::string line = text_of(entry.path() / "cmdline");
    for (char& c : line) {
      if (c == '\0') c = ' ';
    }
    if (line.find(agent.config_file().string()) != std::string::npos) said_["command lines"] += line + "\n";
  }
  for (const tests::Database* admin : {&source_admin, &target_admin}) {
    said_["sessions"] +=
        tests::as_text(admin->query_rows("SELECT application_name, datname, usename FROM pg_stat_activity"));
  }
}

void Secrets::look_back() {
  for (const auto& entry : fs::directory_iterator(agent.directory() / "log")) {
    auto& kept = entry.path().extension() == ".log" ? said_ : with_keys_;  // a report names rows
    kept["log file " + entry.path().filename().string()] = text_of(entry.path());
  }
  for (const auto& entry : fs::directory_iterator(agent.state_dir())) {
    if (entry.path().filename().string().starts_with("LOG")) said_["log of the store"] += text_of(entry.path());
  }
  for (const std::string& line : manager_.told()) said_["systemd"] += line + "\n";
  said_["ledger"] += ledger_of(target_admin, false);
  with_keys_["ledger"] += ledger_of(target_admin, true);
}

std::string Secrets::leaks() const {
  std::string found;
  for (const char* secret : {kSecret, kNumber}) {
    find(secret, said_, found);
    find(secret, with_keys_, found);
  }
  find(kKey, said_, found);
  return found;
}

std::size_t Secrets::size() const {
  std::size_t size = 0;
  for (const auto* texts : {&said_, &with_keys_}) {
    for (const auto& [place, text] : *texts) size += text.size();
  }
  return size;
}

}  // namespace service
