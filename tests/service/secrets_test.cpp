// The whole journey, with everything said at the level of trace: no password, no value of a row, no e-mail gets out, wherever one may look.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "tests/service/secrets.hpp"

using service::Secrets;
using tests::CommandResult;

namespace {

/// A role that needs a password, on either server; the rules of pg_hba.conf that trust everybody come after its own.
void require_password_of(tests::Cluster& cluster, const std::string& role) {
  const std::filesystem::path path = cluster.data_dir() / "pg_hba.conf";
  std::ifstream in(path);
  const std::string rules((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  cluster.database().exec("CREATE ROLE " + role + " LOGIN REPLICATION PASSWORD 'right'");
  std::ofstream(path) << "host all,replication " << role << " 127.0.0.1/32 scram-sha-256\n" << rules;
  cluster.reload();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(secrets)

// reliability 172, 99: whatever is wrong with the configuration
BOOST_AUTO_TEST_CASE(a_wrong_configuration_is_named_without_its_passwords) {
  Secrets pair;
  tests::ReplicatedPair& servers = tests::shared_servers();
  require_password_of(servers.source_cluster, "locked_out");
  require_password_of(servers.target_cluster, "locked_out");
  const tests::AgentOptions right = pair.agent.options();
  const auto say_with = [&](const std::string& source_url, const std::string& target_url, int code) {
    pair.agent.options().source_url = source_url;
    pair.agent.options().target_url = target_url;
    pair.agent.configure();
    for (const char* command : {"check", "snapshot", "run", "status", "validate", "cutover"}) {
      BOOST_TEST_MESSAGE(command << " with " << source_url);
      const CommandResult result = pair.say({command});
      if (std::string(command) == "snapshot") BOOST_TEST(result.exit_code == code, source_url << ": " << result.err);
    }
  };
  const std::string locked_source = servers.source_cluster.tcp_url(pair.name, "locked_out", "planted-password");
  const std::string locked_target = servers.target_cluster.tcp_url(pair.name, "locked_out", "planted-password");
  say_with(locked_source, right.target_url, 3);
  say_with(right.source_url, locked_target, 4);
  say_with("postgresql://dispatch_sync:planted-password@127.0.0.1:1/x", right.target_url, 3);
  say_with("\"host=127.0.0.1 port=1 user=u password='planted pass\\\\'word' dbname=x\"", right.target_url, 3);
  say_with("postgresql://dispatch_sync:planted%ZZpassword@127.0.0.1:1/x", right.target_url, 2);
  say_with("postgresql://dispatch_sync:planted@pass@word@127.0.0.1:1/x", right.target_url, 2);
  say_with("postgresql://dispatch_sync:pass@planted@127.0.0.1:1/x", right.target_url, 2);
  say_with("postgresql://dispatch_sync:planted/password@127.0.0.1:port/x", right.target_url, 2);
  say_with("\"postgresql://dispatch_sync:planted password@127.0.0.1:1/x\"", right.target_url, 3);
  say_with("\"user=u passwrd=planted\"", right.target_url, 2);
  say_with("[planted]", right.target_url, 2);

  // A key that is misspelt, a value of the wrong kind, in the file that holds a password.
  pair.agent.options() = right;
  for (const char* line : {"sourse: { url: planted }", "source: planted", "source: { url: {planted: 1} }",
                           "source: { url: 'postgresql://u:planted@h/d' , slod: planted }", "source: {url: 'planted"}) {
    std::ofstream(pair.agent.config_file()) << "mapping: mapping.yaml\n" << line << '\n';
    BOOST_TEST(pair.say({"check"}).exit_code == 2, line);
  }
  BOOST_TEST(pair.leaks() == "");
  BOOST_TEST(pair.size() > 5000);
}

// reliability 172
BOOST_AUTO_TEST_CASE(the_whole_journey_tells_nobody_a_password_a_value_or_an_email) {
  Secrets pair;
  BOOST_TEST(pair.say({"check"}).exit_code == 0);
  pair.run();
  pair.agent.wait_streaming();
  pair.agent.wait_applied();
  pair.look_around();

  // Changes that come through, and such as are refused in every way.
  pair.source.exec(
      "UPDATE patient SET name = name || '.' WHERE id <= 200; DELETE FROM subscriber WHERE patient_id <= 10;"
      "INSERT INTO patient SELECT i, 'planted-' || i || '-told', 'planted@mail.example', i, '{}', 1 FROM "
      "generate_series(601, 605) i");
  pair.source.exec(
      "UPDATE patient SET salary = 'planted' WHERE id = 301; UPDATE patient SET salary = '987654321012' WHERE id = "
      "302");
  pair.source.exec("UPDATE subscriber SET email = 'natural.key.1@other.example' WHERE email LIKE 'natural.key.11@%'");
  pair.source.exec("INSERT INTO subscriber VALUES ('natural.key.601@mail.example', repeat('planted', 20), 605)");
  pair.target.exec("UPDATE doctors SET old_name = 'planted'; CREATE UNIQUE INDEX one_name ON doctors (name)");
  pair.source.exec(
      "INSERT INTO doctor VALUES (21, 'planted-name-1', 'planted'); TRUNCATE doctor; INSERT INTO doctor SELECT i, "
      "'planted-name-' || i, 'planted' FROM generate_series(1, 20) i");
  pair.agent.wait_applied();
  // Sessions that end, a lock that is waited for.
  for (const tests::Database* admin : {&pair.source_admin, &pair.target_admin}) {
    admin->exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'dispatch-sync/%'");
  }
  pair.source.exec("UPDATE patient SET name = name || '.' WHERE id <= 20");
  pair.agent.wait_applied();

  for (const char* form : {"", "--json"}) {
    const auto with_form = [&](std::vector<std::string> command) {
      if (*form != '\0') command.emplace_back(form);
      return command;
    };
    BOOST_TEST(pair.say(with_form({"status"})).exit_code == 0);
    BOOST_TEST(pair.say_keys(with_form({"quarantine", "list"})).exit_code == 0);
    BOOST_TEST(pair.say_keys(with_form({"quarantine", "retry"})).exit_code == 1);
    // What somebody did on the target, who may do so.
    pair.target.exec(
        "SET session_replication_role = replica; UPDATE patients SET name = 'planted' WHERE legacy_id = 8; "
        "DELETE FROM patients WHERE legacy_id = 9; UPDATE subscribers SET name = 'planted' WHERE email LIKE '%.2_@%'");
    BOOST_TEST(pair.say_keys(with_form({"validate", "--report", (pair.agent.directory() / "log/report.html").string()}))
                   .exit_code == 1);
    BOOST_TEST(pair.say_keys(with_form({"repair", "--dry-run"})).exit_code == 1);
    BOOST_TEST(pair.say_keys(with_form({"repair"})).exit_code == 1);
  }
  BOOST_TEST(pair.say_keys({"mapping", "lookup", "subscriber", "natural.key.99@mail.example"}).exit_code == 0);
  BOOST_TEST(pair.say_keys({"mapping", "export"}).exit_code == 0);
  // What holds values is for those who ask for it.
  const std::string shown = pair.agent.must({"quarantine", "show", "504"});
  BOOST_TEST(shown.find(Secrets::kSecret) != std::string::npos);
  BOOST_TEST(pair.say({"quarantine", "discard", "--all", "--reason", "their owners are gone"}).exit_code == 0);

  BOOST_TEST(pair.say_keys({"validate"}).exit_code == 0);
  BOOST_TEST(pair.say({"cutover", "--dry-run"}).exit_code == 0);
  pair.look_around();
  // A value that only the target has, so that the comparison of the cutover fails.
  pair.target.exec("SET session_replication_role = replica; UPDATE patients SET name = 'planted' WHERE legacy_id = 12");
  BOOST_TEST(pair.say_keys({"cutover", "--yes"}).exit_code == 1);
  pair.target.exec(
      "SET session_replication_role = replica; UPDATE patients SET name = 'planted-name-12..' WHERE legacy_id = 12");
  BOOST_TEST(pair.say_keys({"validate"}).exit_code == 0);
  BOOST_TEST(pair.say_keys({"cutover", "--yes"}).exit_code == 0);
  BOOST_TEST(pair.end_run() == 0);
  for (const char* command : {"cleanup", "rollback cleanup", "rollback cutover"}) {
    std::istringstream words(command);
    std::vector<std::string> args(std::istream_iterator<std::string>(words), {});
    args.emplace_back("--dry-run");
    BOOST_TEST(pair.say(args).exit_code == 0, command);
    args.back() = "--yes";
    BOOST_TEST(pair.say(args).exit_code == 0, command);
    BOOST_TEST(pair.say({"status"}).exit_code == 0);
  }

  pair.look_back();
  BOOST_TEST(pair.leaks() == "");
  BOOST_TEST(pair.size() > 100'000);
}

BOOST_AUTO_TEST_SUITE_END()
