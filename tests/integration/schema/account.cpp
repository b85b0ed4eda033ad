#include "tests/integration/schema/account.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>
#include <stdexcept>

namespace tests {

namespace {

const std::string kSource =
    "CREATE TABLE account (id integer PRIMARY KEY, first varchar(20), spare integer, amount numeric(10,2), second "
    "varchar(20));"
    "INSERT INTO account SELECT i, 'f' || i, i, i + 0.5, 's' || i FROM generate_series(1, 20) i;"
    "CREATE TABLE log (id integer PRIMARY KEY, line text); INSERT INTO log VALUES (1, 'first line');";
const std::string kTarget =
    "CREATE TABLE accounts (id uuid PRIMARY KEY, legacy_id bigint UNIQUE, first text, second text, amount numeric);"
    "CREATE TABLE logs (id uuid PRIMARY KEY, line text, legacy_id integer)";

}  // namespace

Account::Account(const std::string& more) : SmallPair(kSource + more, kTarget, mapping()) {}

std::string Account::mapping(const std::string& columns, const std::string& from, const std::string& more) {
  return "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\ntables: [log, " + from +
         "]\nroutes:\n  - { from: " + from + ", to: accounts, entity: account, columns: { " + columns + " }" + more +
         " }\n  - { from: log, to: logs, entity: log, columns: { line: line, legacy_id: id } }\n";
}

void Account::set_mapping(const std::string& text) {
  agent.options().mapping = text;
  agent.configure();
}

void Account::expect_equal(const std::string& on_source, const std::string& on_target) const {
  const std::string expected = as_text(source.query_rows(on_source));
  const std::string actual = as_text(target.query_rows(on_target));
  BOOST_TEST((expected == actual), "the target differs:" << differing_lines(expected, actual));
}

void Account::expect_slot_behind_checkpoint() const {
  const std::string applied =
      target_admin.query_value("SELECT applied_lsn FROM dispatch_sync.checkpoint").value_or("0/0");
  BOOST_TEST(source_admin
                 .query_value("SELECT confirmed_flush_lsn <= '" + applied +
                              "' FROM pg_replication_slots WHERE slot_name = '" + name + "'")
                 .value_or("") == "t");
}

namespace {

void expect_words(int expected, int exit_code, const std::string& words, const std::vector<std::string>& said) {
  BOOST_TEST(exit_code == expected, "ended with " << exit_code << ": " << words);
  for (const std::string& text : said)
    BOOST_TEST((words.find(text) != std::string::npos), "does not say \"" << text << "\": " << words);
}

}  // namespace

void Account::expect_run_ends(int exit_code, const std::vector<std::string>& said) {
  const CommandResult result = agent.command({"run"}, {}, std::chrono::seconds{40});
  said_ = result.err;
  expect_words(exit_code, result.exit_code, result.err, said);
}

void Account::expect_end(int exit_code, const std::vector<std::string>& said) {
  const int ended = agent.wait(std::chrono::seconds{40});
  said_ = agent.process().err();
  expect_words(exit_code, ended, said_, said);
  expect_slot_behind_checkpoint();
}

void Account::follow_remedy() {
  const std::string wanted = "`agent snapshot";
  const std::size_t begin = said_.find(wanted);
  if (begin == std::string::npos) throw std::runtime_error("no remedy in: " + said_);
  std::istringstream words(said_.substr(begin + 7, said_.find('`', begin + 1) - begin - 7));
  std::vector<std::string> args;
  for (std::string word; words >> word;) args.push_back(word);
  agent.must(args);
  agent.must({"sync", "--until-current"});
  expect_slot_behind_checkpoint();
}

}  // namespace tests
