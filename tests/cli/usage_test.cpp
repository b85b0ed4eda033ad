#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/agent_binary.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

namespace fs = std::filesystem;

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
}

BOOST_AUTO_TEST_CASE(what_could_not_be_written_to_stdout_is_no_success) {
  const auto written_to = [](const std::string& place) {
    tests::Process shell({.program = "/bin/sh", .args = {"-c", place, tests::agent_binary().string()}});
    const int code = shell.wait();
    return Answer{code, shell.out(), shell.err()};
  };
  const Answer full = written_to("exec $0 --help > /dev/full");
  BOOST_TEST(full.code == 2);
  BOOST_TEST(contains(full.err, "cannot write to stdout"), full.err);
  const Answer closed = written_to("exec $0 --help >&-");
  BOOST_TEST(closed.code == 2);
  // Who reads no further has what it wanted.
  const tests::TempDir dir;
  BOOST_TEST(
      written_to("cd " + dir.path().string() + " && mkfifo gone && exec 3<>gone 4>gone 3>&- && exec $0 --help >&4")
          .code == 0);
}

BOOST_AUTO_TEST_CASE(a_report_without_a_name_is_refused) {
  const Answer answer = agent({"validate", "--report", ""});
  BOOST_TEST(answer.code == 2);
  BOOST_TEST(contains(answer.err, "name a file"), answer.err);
}

BOOST_AUTO_TEST_CASE(an_unknown_word_is_named_with_those_that_are_known) {
  struct Wrong {
    std::vector<std::string> words;
    std::vector<std::string> told;
  };
  for (const Wrong& wrong : {
           Wrong{{"chek"}, {"unknown command \"chek\" of agent", "check", "rollback"}},
           Wrong{{"--config", "x.yaml", "--json", "chek"}, {"unknown command \"chek\" of agent"}},
           Wrong{{"rollback", "nothing"},
                 {"unknown command \"nothing\" of agent rollback", "agent rollback knows cleanup, snapshot, cutover"}},
           Wrong{{"rollback", "--config", "x.yaml", "cutovr", "--yes"},
                 {"\"cutovr\" of agent rollback", "did you mean \"cutover\"?"}},
           Wrong{{"quarantine", "lst"}, {"\"lst\" of agent quarantine", "list"}},
           Wrong{{"mapping", "17"}, {"\"17\" of agent mapping", "lookup"}},
           Wrong{{}, {"agent needs to be told what to do", "check", "cutover"}},
           Wrong{{"rollback"},
                 {"agent rollback needs to be told what to do", "agent rollback knows cleanup, snapshot, cutover"}},
       }) {
    const Answer answer = agent(wrong.words);
    BOOST_TEST(answer.code == 2);
    BOOST_TEST(answer.out.empty());
    for (const std::string& what : wrong.told)
      BOOST_TEST(contains(answer.err, what), what << " is missing in: " << answer.err);
  }
  BOOST_TEST(!contains(agent({"rollback", "cutover", "--nonsense"}).err, "unknown command"));
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

BOOST_AUTO_TEST_CASE(an_empty_file_is_told_as_empty_and_not_as_unreadable) {
  const tests::TempDir directory("usage");
  const fs::path file = directory.path() / "agent.yaml";
  const fs::path mapping = directory.path() / "mapping.yaml";
  const auto check = [&] { return agent({"--config", file.string(), "check"}); };
  std::ofstream{file};
  BOOST_TEST(contains(check().err, file.string() + ":1:1: the configuration file is empty"));
  BOOST_TEST(check().code == 2);
  std::ofstream(file)
      << "mapping: mapping.yaml\nsource: { url: postgresql://u@h/d }\ntarget: { url: postgresql://u@h/d }\n";
  std::ofstream{mapping};
  BOOST_TEST(contains(check().err, mapping.string() + ":1:1: the mapping is empty"));
  BOOST_TEST(check().code == 2);
  fs::remove(mapping);
  fs::create_directory(mapping);
  BOOST_TEST(contains(check().err, "cannot read the mapping"));
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
