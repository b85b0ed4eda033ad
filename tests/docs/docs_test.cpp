// The commands of the pages, as their readers type them: each ends as the page says, and prints what it shows.
#include <unistd.h>

#include <algorithm>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/docs/console.hpp"
#include "tests/support/agent_binary.hpp"
#include "tests/support/small_pair.hpp"
#include "tests/support/temp_dir.hpp"

using docs::Command;

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = DISPATCH_SOURCE_DIR;

// What the pages speak of: rows that are refused and rows that wait for a parent; columns that go after the switch.
const std::string kSource = R"sql(
CREATE TABLE dispatch_doctor (id integer PRIMARY KEY, name text);
CREATE TABLE dispatch_patient (id integer PRIMARY KEY, name text, doctor_id integer);
INSERT INTO dispatch_doctor SELECT i, 'doctor ' || i FROM generate_series(1, 20) i;
INSERT INTO dispatch_patient SELECT i, 'patient ' || i, 1 + i % 20 FROM generate_series(1, 1000) i;
INSERT INTO dispatch_patient VALUES (4711, repeat('x', 100), 1), (4712, 'patient', 99);
)sql";

const std::string kTarget = R"sql(
CREATE TABLE doctors (id uuid PRIMARY KEY, name text, legacy_doctor_id integer UNIQUE);
CREATE TABLE patients (id uuid PRIMARY KEY, name varchar(60), doctor_id uuid NOT NULL REFERENCES doctors, insurance_info jsonb,
  legacy_patient_id integer UNIQUE);
)sql";

const std::string kMapping = R"yaml(version: 1
namespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8
tables: [dispatch_*]
routes:
  - from: dispatch_doctor
    to: doctors
    entity: doctor
    columns: { name: name, legacy_doctor_id: id }
  - from: dispatch_patient
    to: patients
    entity: patient
    columns: { name: name, doctor_id: "ref('doctor', doctor_id)", legacy_patient_id: id }
cleanup:
  drop_columns:
    patients: [insurance_info]
)yaml";

/// Somebody with a page, at a machine where the agent runs as a service.
class Reader {
 public:
  Reader() : pair_(kSource, kTarget, kMapping), programs_("programs") {
    fs::create_symlink(tests::agent_binary(), programs_.path() / "agent");
    pair_.bring_over();
    pair_.agent.start();
    pair_.agent.wait_streaming();
  }

  void follow(const Command& command) const {
    const char* path = std::getenv("PATH");
    tests::Process shell({.program = "/bin/bash",
                          .args = {"-c", command.text},
                          .environment = {{"PATH", programs_.path().string() + ":" + (path ? path : "/usr/bin:/bin")}},
                          .unset = {"LEGACY_DATABASE_URL", "SUPABASE_DB_URL", "STATE_DIRECTORY", "LOGS_DIRECTORY",
                                    "CREDENTIALS_DIRECTORY", "AGENT_CONFIG", "NOTIFY_SOCKET", "JOURNAL_STREAM"},
                          .directory = pair_.agent.directory()});
    BOOST_TEST_CONTEXT("line " << command.line << ": " << command.text << "\n" << shell.err() << shell.out()) {
      const int code = shell.wait(std::chrono::minutes(2));
      BOOST_TEST(code == command.exit_code, "exit code " << code << "\n" << shell.err() << shell.out());
      BOOST_TEST(docs::matches(command.output, shell.out()), "it printed\n" << shell.out());
    }
  }

 private:
  tests::SmallPair pair_;
  tests::TempDir programs_;
};

/// Every page, as a path from the root.
std::vector<std::string> pages() {
  std::vector<std::string> pages{"README.md", "CONTRIBUTING.md"};
  for (const auto& entry : fs::directory_iterator(kRoot / "docs")) {
    if (entry.path().extension() == ".md") pages.push_back(fs::relative(entry.path(), kRoot));
  }
  std::ranges::sort(pages);
  return pages;
}

/// Those that show commands, which can be run one after the other on one pair.
std::vector<std::string> pages_with_commands() {
  std::vector<std::string> all = pages();
  std::erase_if(all, [](const std::string& page) { return docs::commands_of(kRoot / page).empty(); });
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pages_of_the_documentation)

BOOST_AUTO_TEST_CASE(what_a_page_shows_is_compared_line_by_line) {
  BOOST_TEST(docs::matches({}, "anything\n"));
  BOOST_TEST(docs::matches({"check: 0 errors, … warnings"}, "check: 0 errors, 12 warnings\n"));
  BOOST_TEST(!docs::matches({"check: 0 errors, … warnings"}, "check: 10 errors, 12 warnings\n"));
  BOOST_TEST(!docs::matches({"check: 0 errors, … warnings"}, "check: 0 errors, 12 warnings\nand more\n"));
  BOOST_TEST(docs::matches({"a (b)", "…", "z"}, "a (b)\n1\n2\nz\n"));
  BOOST_TEST(docs::matches({"a", "…"}, "a\n"));
  BOOST_TEST(!docs::matches({"a.c"}, "abc\n"));
}

BOOST_DATA_TEST_CASE(every_command_of_a_page_does_what_the_page_says,
                     boost::unit_test::data::make(pages_with_commands()), page) {
  const Reader reader;
  for (const Command& command : docs::commands_of(kRoot / page)) reader.follow(command);
}

BOOST_AUTO_TEST_CASE(every_script_of_a_page_is_there_and_knows_the_options_that_the_page_gives_it) {
  std::map<std::string, std::string> helps;
  for (const std::string& page : pages()) {
    for (const docs::Script& script : docs::scripts_of(kRoot / page)) {
      const fs::path program = kRoot / "scripts" / script.name;
      BOOST_TEST(fs::exists(program), page << ":" << script.line << ": there is no scripts/" << script.name);
      // What others read in is no program.
      if (access(program.c_str(), X_OK) != 0) continue;
      const auto [help, is_new] = helps.try_emplace(script.name);
      if (is_new) help->second = tests::run({.program = program, .args = {"--help"}});
      for (const std::string& option : script.options)
        BOOST_TEST(help->second.find(option) != std::string::npos,
                   page << ":" << script.line << ": scripts/" << script.name << " has no " << option);
    }
  }
  BOOST_TEST(helps.contains("demo"));
}

BOOST_AUTO_TEST_SUITE_END()
