#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/agent_binary.hpp"
#include "tests/support/process.hpp"
#include "tests/support/replicated_pair.hpp"
#include "tests/support/tcp_proxy.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kMapping =
    "version: 1\n"
    "namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\n"
    "tables: [thing]\n"
    "routes:\n"
    "  - from: thing\n"
    "    to: things\n"
    "    entity: thing\n"
    "    columns:\n"
    "      name: trim(name)\n"
    "      legacy_id: id\n";

/// What the agent said before it ended.
struct Said {
  int code;
  std::string out;
  std::string err;
};

/// What `agent check --json` answered.
struct Check {
  int code;
  json report;
  std::string err;

  /// The finding whose message holds all of these words.
  [[nodiscard]] std::optional<json> finding(const std::vector<std::string>& words) const {
    for (const json& finding : report.at("findings")) {
      const std::string message = finding.at("message");
      bool has_all = true;
      for (const std::string& word : words) has_all = has_all && message.find(word) != std::string::npos;
      if (has_all) return finding;
    }
    return std::nullopt;
  }
};

/// A small pair of databases that passes, and the program pointed at it.
struct Fixture {
  explicit Fixture(const tests::PairOptions& options = {}) : pair(options) {
    pair.source.exec("CREATE TABLE thing (id int PRIMARY KEY, name text, extra text)");
    pair.target.exec("CREATE TABLE things (id uuid PRIMARY KEY, name text, legacy_id int UNIQUE)");
    source_url = pair.agent_source_url();
    target_url = pair.agent_target_url();
    write_mapping(kMapping);
  }

  void write_mapping(const std::string& text) const { std::ofstream(directory.path() / "mapping.yaml") << text; }
  /// The mapping with one piece of it replaced.
  void change_mapping(const std::string& from, const std::string& to) const {
    std::string text = kMapping;
    text.replace(text.find(from), from.size(), to);
    write_mapping(text);
  }

  /// The agent with a command of these words, until it ends.
  [[nodiscard]] Said say(std::vector<std::string> command) const {
    const fs::path file = directory.path() / "agent.yaml";
    std::ofstream(file) << "mapping: " << mapping << "\nstate_dir: state\n";
    command.insert(command.begin(), {"--config", file.string()});
    tests::Process process({.program = tests::agent_binary(),
                            .args = std::move(command),
                            .environment = {{"LEGACY_DATABASE_URL", source_url}, {"SUPABASE_DB_URL", target_url}},
                            .unset = {"STATE_DIRECTORY", "CREDENTIALS_DIRECTORY"}});
    const int code = process.wait();
    return {code, process.out(), process.err()};
  }

  [[nodiscard]] Check check() const {
    const Said said = say({"check", "--json"});
    const json report = json::parse(said.out, nullptr, false);
    BOOST_REQUIRE_MESSAGE(report.is_object(), said.out + said.err);
    BOOST_TEST_MESSAGE(report.dump(1));
    return {said.code, report, said.err};
  }

  tests::TempDir directory{"check"};
  tests::ReplicatedPair pair;
  std::string source_url;
  std::string target_url;
  std::string mapping = "mapping.yaml";
};

void expect_error(const Check& check, const std::vector<std::string>& words, const std::string& remedy) {
  BOOST_TEST(check.code == 1);
  BOOST_TEST(check.report.at("ok") == false);
  const auto finding = check.finding(words);
  BOOST_REQUIRE_MESSAGE(finding.has_value(), "not found: " + words.front() + " in " + check.report.dump(1));
  BOOST_TEST(finding->at("severity") == "error");
  BOOST_TEST(finding->at("remedy").get<std::string>().find(remedy) != std::string::npos, finding->dump());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(check)

BOOST_AUTO_TEST_CASE(a_sound_pair_passes_and_nothing_is_changed) {
  const Fixture fixture;
  const Check check = fixture.check();
  BOOST_TEST(check.code == 0, check.report.dump(1));
  BOOST_TEST(check.report.at("ok") == true);
  BOOST_TEST(fixture.pair.source_admin.query_value("SELECT count(*) FROM pg_publication").value() == "0");
  BOOST_TEST(fixture.pair.source_admin.query_value("SELECT count(*) FROM pg_replication_slots").value() == "0");
  BOOST_TEST(fixture.pair.target_admin.query_value("SELECT count(*) FROM pg_namespace WHERE nspname = 'dispatch_sync'")
                 .value() == "0");
  BOOST_TEST(!fs::exists(fixture.directory.path() / "state"));
}

BOOST_AUTO_TEST_CASE(the_reference_mapping_passes) {
  Fixture fixture;
  fixture.pair.source.exec("DROP TABLE thing");
  fixture.pair.target.exec("DROP TABLE things");
  const fs::path example = fs::current_path() / "examples/dispatch";
  fixture.pair.source.load_file(example / "legacy.sql");
  fixture.pair.source.load_file(example / "legacy-constraints.sql");
  fixture.pair.target.load_file(example / "target.sql");
  fixture.mapping = (example / "mapping.yaml").string();
  const Check check = fixture.check();
  BOOST_TEST(check.code == 0, check.report.dump(1));
}

// reliability 29
BOOST_AUTO_TEST_CASE(a_name_that_leads_to_two_servers_is_refused) {
  Fixture fixture({.listens_on_loopback = true, .source_has_own_identity = true});
  const tests::Cluster other({.name = "other", .wal_level = "logical", .listens_on_loopback = true});
  other.database().exec("CREATE ROLE dispatch LOGIN; CREATE ROLE dispatch_sync LOGIN REPLICATION IN ROLE dispatch");
  other.database().exec("CREATE DATABASE dispatch OWNER dispatch");
  other.database("dispatch", "dispatch").exec("CREATE TABLE thing (id int PRIMARY KEY, name text, extra text)");
  tests::TcpProxy name({.port = fixture.pair.source_cluster.port()});
  fixture.source_url = name.url("dispatch", "dispatch_sync");
  BOOST_TEST(fixture.check().code == 0);
  name.add_server({.port = other.port()});
  expect_error(fixture.check(), {"the host name leads to different servers"}, "name one host in source.url");
}

BOOST_AUTO_TEST_CASE(settings_and_rights_of_the_source) {
  Fixture fixture({.source_conf = {"wal_level = replica", "max_slot_wal_keep_size = 64MB"}});
  const Check wal_level = fixture.check();
  expect_error(wal_level, {"wal_level is replica"}, "ALTER SYSTEM SET wal_level");
  BOOST_TEST(wal_level.finding({"max_slot_wal_keep_size is 64 MB"})->at("severity") == "warning");

  fixture.pair.source_admin.exec("ALTER ROLE dispatch_sync NOREPLICATION");
  expect_error(fixture.check(), {"dispatch_sync", "may not replicate"}, "REPLICATION");

  fixture.pair.source_admin.exec("REVOKE dispatch FROM dispatch_sync");
  const Check rights = fixture.check();
  expect_error(rights, {"may not read thing"}, "GRANT SELECT");
  expect_error(rights, {"publication dispatch_sync does not exist", "does not own thing"}, "CREATE PUBLICATION");
}

BOOST_AUTO_TEST_CASE(a_publication_that_hides_something_and_a_foreign_slot) {
  const Fixture fixture;
  fixture.pair.source.exec("ALTER TABLE thing REPLICA IDENTITY NOTHING");
  fixture.pair.source_admin.exec(
      "CREATE PUBLICATION dispatch_sync FOR TABLE thing WHERE (id > 5) WITH (publish_via_partition_root = true)");
  fixture.pair.source_admin.exec("SELECT pg_create_logical_replication_slot('dispatch_sync', 'test_decoding')");
  const Check check = fixture.check();
  expect_error(check, {"does not cover the mapping", "row filter", "thing"}, "ALTER PUBLICATION");
  expect_error(check, {"slot dispatch_sync", "plugin test_decoding"}, "pg_drop_replication_slot");
  expect_error(check, {"REPLICA IDENTITY is NOTHING", "thing"}, "REPLICA IDENTITY DEFAULT");
}

BOOST_AUTO_TEST_CASE(a_publication_of_all_tables_is_warned_of) {
  const Fixture fixture;
  const std::vector<std::string> words{"dispatch_sync", "UNLOGGED", "without a word"};
  fixture.pair.source_admin.exec(
      "CREATE PUBLICATION dispatch_sync FOR ALL TABLES WITH (publish_via_partition_root = true)");
  const auto finding = fixture.check().finding(words);
  BOOST_REQUIRE(finding.has_value());
  BOOST_TEST(finding->at("severity") == "warning", finding->dump());
  fixture.pair.source_admin.exec("DROP PUBLICATION dispatch_sync");
  fixture.pair.source_admin.exec(
      "CREATE PUBLICATION dispatch_sync FOR TABLE thing WITH (publish_via_partition_root = true)");
  BOOST_TEST(!fixture.check().finding(words).has_value());
}

// Whoever drops the slot of a good checkpoint loses the position, and with it the log in between.
BOOST_AUTO_TEST_CASE(nothing_is_said_of_the_checkpoint_of_a_target_that_did_not_answer) {
  Fixture fixture;
  fixture.pair.source_admin.exec("SELECT pg_create_logical_replication_slot('dispatch_sync', 'pgoutput')");
  const std::vector<std::string> words{"slot dispatch_sync exists", "no checkpoint"};
  const auto remedy = [&] { return fixture.check().finding(words).value().at("remedy").get<std::string>(); };
  const std::string target = fixture.target_url;
  for (const char* const unreachable : {"postgresql://u@127.0.0.1:1/d", "postgresql://u@127.0.0.1:6543/d"}) {
    fixture.target_url = unreachable;
    const Check check = fixture.check();
    BOOST_TEST(!check.finding(words).has_value(), check.report.dump(1));
    BOOST_TEST(check.report.dump().find("pg_drop_replication_slot") == std::string::npos, check.report.dump(1));
  }

  // A table of this name that is none of the agent's: the answer is an error, not "none".
  fixture.target_url = target;
  fixture.pair.target.exec("CREATE SCHEMA dispatch_sync CREATE TABLE checkpoint (nothing int)");
  BOOST_TEST(!fixture.check().finding(words).has_value());
  fixture.pair.target.exec("DROP SCHEMA dispatch_sync CASCADE");

  // It has none. Dropping is never the first thing, and no remedy where an agent ran before.
  const std::string first = remedy();
  BOOST_TEST(first.starts_with("look whether target.url"), first);
  BOOST_TEST(first.find("pg_drop_replication_slot") != std::string::npos, first);
  fs::create_directory(fixture.directory.path() / "state");
  BOOST_TEST(remedy() == first);
  std::ofstream(fixture.directory.path() / "state" / "CURRENT") << "x";
  const std::string with_state = remedy();
  BOOST_TEST(with_state.starts_with("do not drop the slot"), with_state);
  BOOST_TEST(with_state.find("pg_drop_replication_slot") == std::string::npos, with_state);
}

// reliability 139
BOOST_AUTO_TEST_CASE(a_subscription_of_the_source_may_be_a_circle_and_is_named) {
  const Fixture fixture;
  const auto found = [&] {
    return fixture.check().finding({"subscribes to news, more (subscription incoming)", "circle"});
  };
  BOOST_TEST(!found());
  // Never connects: it shall only be there.
  fixture.pair.source_admin.exec(
      "CREATE SUBSCRIPTION incoming CONNECTION 'host=/nowhere' PUBLICATION news, more WITH (connect = false, slot_name "
      "= NONE)");
  BOOST_TEST(!found());
  fixture.pair.source_admin.exec("UPDATE pg_subscription SET subenabled = true");
  const auto finding = found();
  BOOST_REQUIRE(finding);
  BOOST_TEST(finding->at("severity") == "warning");
}

BOOST_AUTO_TEST_CASE(row_level_security_that_hides_rows_of_the_source) {
  const Fixture fixture;
  fixture.pair.source.exec("ALTER TABLE thing ENABLE ROW LEVEL SECURITY; ALTER TABLE thing FORCE ROW LEVEL SECURITY");
  expect_error(fixture.check(), {"row-level security hides rows of thing"}, "BYPASSRLS");
}

BOOST_AUTO_TEST_CASE(rights_and_policies_of_the_target) {
  const Fixture fixture;
  fixture.pair.target.exec("ALTER TABLE things ENABLE ROW LEVEL SECURITY; ALTER TABLE things FORCE ROW LEVEL SECURITY");
  fixture.pair.target_admin.exec(
      "ALTER ROLE postgres NOBYPASSRLS; REVOKE SET ON PARAMETER session_replication_role FROM postgres");
  fixture.pair.target.exec(
      "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
      "CREATE TRIGGER touches BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION touch();"
      "CREATE TRIGGER always AFTER INSERT ON things FOR EACH ROW EXECUTE FUNCTION touch();"
      "ALTER TABLE things ENABLE ALWAYS TRIGGER always");
  const Check policies = fixture.check();
  expect_error(policies, {"FORCE ROW LEVEL SECURITY", "things"}, "BYPASSRLS");
  BOOST_TEST(policies.finding({"may not set session_replication_role"})->at("severity") == "warning");
  BOOST_TEST(policies.finding({"BEFORE triggers", "things.touches"})->at("severity") == "warning");
  BOOST_TEST(policies.finding({"ENABLE ALWAYS", "things.always"})->at("severity") == "warning");

  fixture.pair.target.exec("ALTER TABLE things DISABLE ROW LEVEL SECURITY");
  fixture.pair.target_admin.exec(
      "ALTER TABLE things OWNER TO supabase_admin; REVOKE ALL ON things FROM postgres, anon, authenticated, "
      "service_role; GRANT SELECT ON things TO postgres; ALTER SCHEMA public OWNER TO "
      "supabase_admin;"
      "REVOKE CREATE ON DATABASE postgres FROM postgres; ALTER DATABASE postgres OWNER TO supabase_admin");
  const Check rights = fixture.check();
  expect_error(rights, {"lacks UPDATE on things"}, "GRANT SELECT, INSERT, UPDATE, DELETE");
  expect_error(rights, {"may not create the ledger's schema dispatch_sync"}, "GRANT CREATE ON DATABASE");
}

BOOST_AUTO_TEST_CASE(a_deferrable_constraint_is_refused_where_the_target_would_not_enforce_it) {
  const Fixture fixture;
  fixture.pair.target.exec(
      "ALTER TABLE things ADD CONSTRAINT \"One Name\" UNIQUE (name) DEFERRABLE INITIALLY DEFERRED");
  const Check check = fixture.check();
  expect_error(
      check, {"constraint One Name of things is deferrable"},
      "ALTER TABLE \"public\".\"things\" DROP CONSTRAINT \"One Name\", ADD CONSTRAINT \"One Name\" UNIQUE (name);");
  const Said refused = fixture.say({"snapshot"});
  BOOST_TEST(refused.code == 6, refused.err);
  BOOST_TEST(refused.err.find("constraint One Name of things is deferrable") != std::string::npos, refused.err);

  // To this role the server says no: at COMMIT, or with the statement, so that the row is known.
  fixture.pair.source.exec("INSERT INTO thing VALUES (1, 'a'), (2, 'b'), (3, 'a')");
  fixture.pair.target_admin.exec("REVOKE SET ON PARAMETER session_replication_role FROM postgres");
  const auto late = fixture.check().finding({"constraint One Name of things is checked at COMMIT only"});
  BOOST_REQUIRE(late.has_value());
  BOOST_TEST(late->at("severity") == "warning");
  fixture.pair.target.exec(
      "ALTER TABLE things DROP CONSTRAINT \"One Name\", ADD CONSTRAINT \"One Name\" UNIQUE (name) DEFERRABLE");
  BOOST_TEST(!fixture.check().finding({"constraint One Name"}).has_value());
  const Said copied = fixture.say({"snapshot"});
  BOOST_TEST(copied.code == 0, copied.err);
  BOOST_TEST(fixture.pair.target.query_value("SELECT count(*) FROM things").value() == "2");
  fixture.pair.target_admin.exec("GRANT SET ON PARAMETER session_replication_role TO postgres");

  fixture.pair.target.exec(
      "ALTER TABLE \"public\".\"things\" DROP CONSTRAINT \"One Name\", ADD CONSTRAINT \"One Name\" UNIQUE (name)");
  BOOST_TEST(fixture.check().code == 0);
}

BOOST_AUTO_TEST_CASE(mistakes_of_the_mapping_have_line_and_column) {
  const Fixture fixture;
  const auto expect_found = [&](const std::string& to, const std::vector<std::string>& words, int line, int column) {
    const Check check = fixture.check();
    BOOST_TEST(check.code == 1);
    const auto finding = check.finding(words);
    BOOST_REQUIRE_MESSAGE(finding.has_value(), "not found for " + to + ": " + check.report.dump(1));
    BOOST_TEST(finding->at("severity") == "error");
    BOOST_TEST(finding->at("line") == line);
    BOOST_TEST(finding->at("column") == column);
    BOOST_TEST(finding->at("file").get<std::string>().ends_with("mapping.yaml"));
  };
  const auto expect_at = [&](const std::string& to, const std::vector<std::string>& words, int line, int column) {
    fixture.change_mapping("trim(name)", to);
    expect_found(to, words, line, column);
  };
  expect_at("trim(naem)", {"column name", "naem"}, 9, 18);
  expect_at("trimm(name)", {"column name", "function trimm"}, 9, 13);
  expect_at("name || now()", {"now"}, 9, 21);
  expect_at("name || setseed2()", {"setseed2"}, 9, 21);

  fixture.change_mapping("legacy_id: id", "legacy_id: name");
  expect_found("legacy_id: name", {"column legacy_id", "is of type integer but expression is of type text"}, 10, 18);

  fixture.pair.target.exec("CREATE FUNCTION fickle() RETURNS text VOLATILE LANGUAGE sql AS 'SELECT ''x'''");
  expect_at("name || fickle()", {"fickle is VOLATILE"}, 9, 21);
}

// A row for which such a function gives nothing would vanish, and be counted as applied.
BOOST_AUTO_TEST_CASE(functions_that_do_not_give_one_value_for_each_row_are_refused) {
  const Fixture fixture;
  const auto expect_refused = [&](const std::string& from, const std::string& to, const std::string& told, int line,
                                  int column) {
    fixture.change_mapping(from, to);
    const Check check = fixture.check();
    expect_error(check, {told}, "function");
    const json finding = check.finding({told}).value();
    BOOST_TEST(finding.at("line") == line, to);
    BOOST_TEST(finding.at("column") == column, to);
  };
  const auto expect_in_column = [&](const std::string& to, const std::string& told, int column) {
    expect_refused("trim(name)", to, "column name: " + told, 9, column);
  };
  expect_in_column("\"(regexp_matches(name, '^t(1.*)'))[1]\"", "regexp_matches() is a set-returning function", 15);
  expect_in_column("upper(pg_catalog.unnest(ARRAY[name]))", "unnest() is a set-returning function", 19);
  expect_in_column("generate_series(1, 2)::text", "generate_series() is a set-returning function", 13);
  expect_in_column("name || max(name)", "max() is an aggregate", 21);
  expect_in_column("count(*)::text", "count() is an aggregate", 13);
  expect_in_column("(row_number() OVER ())::text", "row_number() is a window function", 14);
  expect_in_column("(count(*) OVER ())::text", "count() is a window function", 14);

  expect_refused("    columns:\n", "    where: id > generate_series(1, 2)\n    columns:\n",
                 "where: generate_series() is a set-returning function", 8, 17);
  expect_refused("    columns:\n", "    on_delete: { set: { legacy_id: \"generate_series(1, 0)\" } }\n    columns:\n",
                 "on_delete, column legacy_id: generate_series() is a set-returning function", 8, 37);

  // A sub-select gives one value, whatever is in it.
  fixture.change_mapping("trim(name)", "\"(SELECT max(x.v) FROM unnest(ARRAY[name, 'b']) AS x (v))\"");
  BOOST_TEST(fixture.check().code == 0);

  // The server knows which version of a function is meant.
  fixture.pair.target.exec(
      "CREATE FUNCTION part(integer) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT ''x'''; "
      "CREATE FUNCTION part(text) RETURNS SETOF text IMMUTABLE LANGUAGE sql AS 'SELECT ''x'''");
  fixture.change_mapping("trim(name)", "part(id)");
  BOOST_TEST(fixture.check().code == 0);
  expect_in_column("part(name)", "part() is a set-returning function", 13);
}

BOOST_AUTO_TEST_CASE(unmapped_tables_and_columns_are_found) {
  const Fixture fixture;
  fixture.pair.source.exec("CREATE TABLE thing_two (id int PRIMARY KEY)");
  fixture.change_mapping("tables: [thing]", "tables: [thing*]");
  BOOST_TEST(fixture.check().code == 1);
  BOOST_TEST(fixture.check().finding({"thing_two"}).has_value());
  fixture.write_mapping(kMapping);
  fixture.pair.target.exec("ALTER TABLE things ADD needed text NOT NULL");
  const Check check = fixture.check();
  BOOST_TEST(check.code == 1);
  BOOST_TEST(check.finding({"needed"}).has_value());
}

BOOST_AUTO_TEST_CASE(unreachable_servers_and_wrong_passwords_have_their_own_exit_codes) {
  Fixture fixture({.listens_on_loopback = true});
  const std::string source = fixture.source_url;
  const std::string target = fixture.target_url;

  fixture.source_url = "postgresql://u:hidden@127.0.0.1:1/d";
  const Check no_source = fixture.check();
  BOOST_TEST(no_source.code == 3);
  BOOST_TEST(no_source.err.find("agent: cannot connect to the source") != std::string::npos, no_source.err);
  BOOST_TEST(no_source.err.find("remedy: ") != std::string::npos);
  BOOST_TEST((no_source.err + no_source.report.dump()).find("hidden") == std::string::npos);

  fixture.source_url = source;
  fixture.target_url = "postgresql://u@127.0.0.1:1/d";
  BOOST_TEST(fixture.check().code == 4);

  fixture.target_url = "postgresql://postgres@127.0.0.1:6543/postgres";
  expect_error(fixture.check(), {"port 6543", "pooler"}, "5432");

  fixture.target_url = target;
  fixture.source_url = fixture.pair.source_cluster.tcp_url("no_such_database", "dispatch_sync");
  const Check no_database = fixture.check();
  BOOST_TEST(no_database.code == 3);
  BOOST_TEST(no_database.err.find("3D000") != std::string::npos, no_database.err);
}

BOOST_AUTO_TEST_CASE(a_wrong_password_is_told_without_it) {
  const tests::Cluster guarded({.hba = {"host all guarded 127.0.0.1/32 scram-sha-256"}, .listens_on_loopback = true});
  guarded.database().exec("CREATE ROLE guarded LOGIN PASSWORD 'right'");
  Fixture fixture;
  fixture.source_url = guarded.tcp_url("postgres", "guarded", "hidden");
  const Check check = fixture.check();
  BOOST_TEST(check.code == 3);
  BOOST_TEST(check.err.find("(SQLSTATE 28P01)") != std::string::npos, check.err);
  BOOST_TEST((check.err + check.report.dump()).find("hidden") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
