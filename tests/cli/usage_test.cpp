#include <boost/test/unit_test.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/agent_binary.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

struct Answer {
  int code;
  std::string out;
  std::string err;
};

Answer agent(std::vector<std::string> args) {
  tests::Process process({.program = tests::agent_binary(),
                          .args = std::move(args),
                          .unset = {"AGENT_CONFIG", "LEGACY_DATABASE_URL", "SUPABASE_DB_URL", "STATE_DIRECTORY",
                                    "CREDENTIALS_DIRECTORY"}});
  const int code = process.wait();
  return {code, process.out(), process.err()};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(usage)

BOOST_AUTO_TEST_CASE(help_and_version_go_to_stdout_with_exit_code_0) {
  BOOST_TEST(contains(agent({"--version"}).out, "agent "));
  for (const std::vector<std::string>& words : {std::vector<std::string>{"--help"},
                                                {"check", "--help"},
                                                {"snapshot", "--help"},
                                                {"sync", "--help"},
                                                {"run", "--help"},
                                                {"status", "--help"},
                                                {"quarantine", "--help"},
                                                {"quarantine", "show", "--help"},
                                                {"mapping", "lookup", "--help"}}) {
    const Answer answer = agent(words);
    BOOST_TEST(answer.code == 0);
    BOOST_TEST(contains(answer.out, "Usage: agent"));
    BOOST_TEST(answer.err.empty());
  }
}

BOOST_AUTO_TEST_CASE(wrong_usage_is_said_on_stderr_with_exit_code_2) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{}, {"chek"}, {"check", "--nonsense"}, {"quarantine", "discard", "1"}}) {
    const Answer answer = agent(words);
    BOOST_TEST(answer.code == 2);
    BOOST_TEST(answer.out.empty());
    BOOST_TEST(answer.err.starts_with("agent: "));
  }
  BOOST_TEST(contains(agent({"chek"}).err, "did you mean \"check\"?"));
}

BOOST_AUTO_TEST_CASE(a_wrong_configuration_is_named_with_file_line_and_column) {
  const tests::TempDir directory("usage");
  const std::string file = (directory.path() / "agent.yaml").string();
  std::ofstream(file) << "mapping: mapping.yaml\nsource:\n  url: postgresql://u:hidden@h/d\n  sloot: x\n";
  const Answer answer = agent({"--config", file, "check"});
  BOOST_TEST(answer.code == 2);
  BOOST_TEST(contains(answer.err, file + ":4:3: unknown key \"sloot\" in source"));
  BOOST_TEST(contains(answer.err, "did you mean \"slot\"?"));
  BOOST_TEST(!contains(answer.err, "hidden"));
}

BOOST_AUTO_TEST_CASE(a_wrong_mapping_is_named_with_file_line_and_column) {
  const tests::TempDir directory("usage");
  std::ofstream(directory.path() / "agent.yaml")
      << "mapping: mapping.yaml\nsource: { url: postgresql://u@h/d }\ntarget: { url: postgresql://u@h/d }\n";
  const std::string mapping = (directory.path() / "mapping.yaml").string();
  std::ofstream(mapping) << "version: 1\nrutes: []\n";
  const Answer answer = agent({"--config", (directory.path() / "agent.yaml").string(), "check"});
  BOOST_TEST(answer.code == 2);
  BOOST_TEST(contains(answer.err, mapping + ":2:1"));
}

BOOST_AUTO_TEST_SUITE_END()
