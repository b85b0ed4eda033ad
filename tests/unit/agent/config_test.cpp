#include "agent/config.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <map>
#include <ostream>
#include <string>

#include "core/error.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using agent::Config;
namespace fs = std::filesystem;

agent::Environ environ_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

Config parse(const std::string& text, std::map<std::string, std::string> variables = {}) {
  return agent::parse_config("/etc/agent/agent.yaml", text, environ_of(std::move(variables)));
}

const std::string kLeast =
    "source: { url: postgresql://a@b/c }\ntarget: { url: postgresql://d@e/f }\nmapping: mapping.yaml\n";

struct Refusal {
  std::string text;
  std::string line;
  std::string column;
  std::string message;
  std::string remedy;
  friend std::ostream& operator<<(std::ostream& out, const Refusal& refusal) { return out << refusal.message; }
};

const std::vector<Refusal> kRefusals = {
    {kLeast + "tagret: 1\n", "4", "1", "unknown key \"tagret\"", "did you mean \"target\"?"},
    {kLeast + "apply:\n  batch_row: 5\n", "5", "3", "unknown key \"batch_row\" in apply",
     "did you mean \"batch_rows\"?"},
    {kLeast + "apply: { zzzzzz: 5 }\n", "4", "10", "unknown key \"zzzzzz\"",
     "known keys are: batch_rows, max_quarantine, memory_mb"},
    {kLeast + "mapping: other.yaml\n", "4", "1", "given twice", ""},
    {kLeast + "apply: { batch_rows: 0 }\n", "4", "22", "whole number from 1", ""},
    {kLeast + "apply: { batch_rows: many }\n", "4", "22", "whole number", ""},
    {kLeast + "apply: { max_quarantine: 200% }\n", "4", "26", "must be a share", ""},
    {kLeast + "apply: [1]\n", "4", "8", "apply must be a mapping", ""},
    {kLeast + "snapshot: { workers: -1 }\n", "4", "22", "snapshot.workers", ""},
    {kLeast + "http: { listen: nowhere }\n", "4", "17", "HOST:PORT", ""},
    {kLeast + "http: { listen: '127.0.0.1:99999' }\n", "4", "17", "HOST:PORT", ""},
    {kLeast + "log: { level: loud }\n", "4", "15", "trace, debug, info, warn or error", ""},
    {kLeast + "log: { format: xml }\n", "4", "16", "json or text", ""},
    {kLeast + "cutover: { fence: high }\n", "4", "19", "auto, read_only, revoke or command", ""},
    {kLeast + "cutover: { fence: command }\n", "4", "10", "go together", "give both"},
    {kLeast + "cutover: { lift_command: /bin/true }\n", "4", "10", "go together", "give both"},
    {kLeast + "cutover: { fence_command: scale-down }\n", "4", "27", "absolute path", "no shell"},
    {kLeast + "cutover: { fence_command: [/bin/sh, 'psql postgresql://u:pw@h/d'] }\n", "4", "27", "no password",
     "a file of its own"},
    {kLeast + "cutover: { max_lag: 30 }\n", "4", "21", "a time such as 30s, from 1s to 60m", ""},
    {kLeast + "cutover: { fence_timeout: 500ms }\n", "4", "27", "from 1s", ""},
    {kLeast + "state_dir: [a]\n", "4", "12", "state_dir must be a text", ""},
    {"source: { url: 'postgresql://x', slot: Dispatch-Sync }\n", "1", "40", "source.slot", ""},
    {"target: { ledger_schema: public }\n", "1", "26", "of the agent's own", ""},
    {"source: {\n  url: [unclosed\n", "3", "1", "not valid YAML", ""},
    {"- a\n- b\n", "1", "1", "must be a mapping", ""},
    {kLeast + "---\napply: { batch_rows: 5 }\n", "5", "1", "more than one YAML document", "'---'"},
    {"---\n" + kLeast + "---\n---\n", "6", "1", "more than one YAML document", "'---'"},
    {"", "1", "1", "is empty", "source.url"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(config)

BOOST_DATA_TEST_CASE(every_mistake_is_named_with_line_and_column, boost::unit_test::data::make(kRefusals), refusal) {
  BOOST_CHECK_EXCEPTION(parse(refusal.text), core::Error, [&](const core::Error& error) {
    BOOST_TEST(error.message().find(refusal.message) != std::string::npos, error.message());
    BOOST_TEST(error.context("file") == "/etc/agent/agent.yaml");
    BOOST_TEST(error.context("line") == refusal.line);
    BOOST_TEST(error.context("column") == refusal.column);
    BOOST_TEST(error.remedy().find(refusal.remedy) != std::string::npos, error.remedy());
    return error.kind() == core::ErrorKind::Config;
  });
}

BOOST_AUTO_TEST_CASE(only_mapping_and_urls_are_required_and_the_rest_has_defaults) {
  const Config config = parse(kLeast);
  BOOST_TEST(config.source.slot == "dispatch_sync");
  BOOST_TEST(config.source.publication == "dispatch_sync");
  BOOST_TEST(config.target.ledger_schema == "dispatch_sync");
  BOOST_TEST(config.state_dir == fs::path("/var/lib/dispatch-sync"));
  BOOST_TEST(config.apply.batch_rows == 2000U);
  BOOST_TEST(config.apply.memory_mb == 64U);
  BOOST_TEST(config.apply.max_quarantine == 0.005);
  BOOST_TEST(config.snapshot.workers == 2U);
  BOOST_TEST(!config.cutover.fence);
  BOOST_TEST((config.cutover.max_lag == std::chrono::seconds{30}));
  BOOST_TEST((config.cutover.fence_timeout == std::chrono::seconds{30}));
  BOOST_TEST((config.cutover.drain_timeout == std::chrono::seconds{60}));
  BOOST_TEST(config.http.port == 9187);
  BOOST_TEST(config.log.dir.empty());
  for (const std::string missing : {"source.url", "target.url", "mapping"}) {
    std::string text = kLeast;
    text.erase(text.find(missing == "mapping" ? "mapping:" : missing.substr(0, 6) + ":"), std::string::npos);
    if (missing == "source.url") text = "mapping: m.yaml\n";
    BOOST_CHECK_EXCEPTION(parse(text), core::Error, [&](const core::Error& error) {
      return error.message() == "the required key " + missing + " is missing";
    });
  }
}

BOOST_AUTO_TEST_CASE(every_key_of_the_reference_configuration_is_taken) {
  const Config config =
      parse(kLeast +
            "state_dir: state\napply: { batch_rows: 10, max_quarantine: 2%, memory_mb: 3 }\n"
            "snapshot: { workers: 3, chunk_rows: 1000 }\nhttp: { listen: '[::1]:80' }\n"
            "log: { level: debug, format: text, dir: /var/log/x }\n"
            "cutover: { fence: command, fence_command: [/bin/scale, web, '0'], lift_command: /bin/up, "
            "max_lag: 5s, fence_timeout: 2m, drain_timeout: 1h }\n");
  BOOST_TEST((config.cutover.fence == cutover::FenceMethod::Command));
  BOOST_TEST(config.cutover.fence_command == (std::vector<std::string>{"/bin/scale", "web", "0"}),
             boost::test_tools::per_element());
  BOOST_TEST(config.cutover.lift_command.size() == 1U);
  BOOST_TEST((config.cutover.fence_timeout == std::chrono::minutes{2}));
  BOOST_TEST((config.cutover.drain_timeout == std::chrono::hours{1}));
  BOOST_TEST(config.mapping == fs::path("/etc/agent/mapping.yaml"));
  BOOST_TEST(config.state_dir == fs::path("/etc/agent/state"));
  BOOST_TEST(config.apply.max_quarantine == 0.02);
  BOOST_TEST(config.snapshot.chunk_rows == 1000U);
  BOOST_TEST(config.http.host == "::1");
  BOOST_TEST((config.log.format == Config::Log::Format::Text));
  BOOST_TEST(!parse(kLeast + "http: { listen: 'off' }\n").http.enabled);
}

BOOST_AUTO_TEST_CASE(the_environment_replaces_urls_and_directories) {
  const Config config = parse("mapping: m.yaml\n", {{"LEGACY_DATABASE_URL", "postgresql://s:pw@h/d"},
                                                    {"SUPABASE_DB_URL", "postgresql://t:pw@h/d"},
                                                    {"STATE_DIRECTORY", "/run/one:/run/two"},
                                                    {"LOGS_DIRECTORY", "/run/logs"}});
  BOOST_TEST(config.log.dir == fs::path("/run/logs"));
  BOOST_TEST(config.source.url == "postgresql://s:pw@h/d");
  BOOST_TEST(config.target.url == "postgresql://t:pw@h/d");
  BOOST_TEST(config.state_dir == fs::path("/run/one"));
}

BOOST_AUTO_TEST_CASE(systemd_credentials_replace_the_file_and_yield_to_the_environment) {
  const tests::TempDir directory("credentials");
  std::ofstream(directory.path() / "legacy_database_url") << "postgresql://credential@h/d\n";
  std::ofstream(directory.path() / "supabase_db_url") << "postgresql://credential@h/d\n";
  const Config config = parse(kLeast, {{"CREDENTIALS_DIRECTORY", directory.path().string()},
                                       {"SUPABASE_DB_URL", "postgresql://environment@h/d"}});
  BOOST_TEST(config.source.url == "postgresql://credential@h/d");
  BOOST_TEST(config.target.url == "postgresql://environment@h/d");
}

BOOST_AUTO_TEST_CASE(an_empty_credential_leaves_the_file_its_say) {
  const tests::TempDir directory("credentials");
  std::ofstream(directory.path() / "legacy_database_url") << "\n";
  const Config config = parse(kLeast, {{"CREDENTIALS_DIRECTORY", directory.path().string()}});
  BOOST_TEST(config.source.url == parse(kLeast).source.url);
}

BOOST_AUTO_TEST_CASE(the_file_is_looked_up_in_the_documented_order) {
  BOOST_TEST(agent::find_config_file("given.yaml", environ_of({{"AGENT_CONFIG", "named.yaml"}})) ==
             fs::path("given.yaml"));
  BOOST_TEST(agent::find_config_file("", environ_of({{"AGENT_CONFIG", "named.yaml"}})) == fs::path("named.yaml"));
}

BOOST_AUTO_TEST_SUITE_END()
