// Validate, repair, validate: what the one finds, the other puts right, and the first says so.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/integration/repair/club.hpp"

using nlohmann::json;
using repair::Club;
using tests::CommandResult;

namespace {

/// `route kind key` of each row, the extra ones by what is known of them.
std::set<std::string> examples(const json& validation) {
  std::set<std::string> rows;
  for (const json& route : validation["routes"]) {
    for (const json& one : route["examples"]) {
      rows.insert(route["name"].get<std::string>() + " " + one["kind"].get<std::string>() + " " +
                  one["legacy_key"].get<std::string>() + one["target_key"].dump());
    }
  }
  return rows;
}

std::set<std::string> listed(const json& dry) {
  std::set<std::string> rows;
  for (const json& one : dry["findings"]) {
    rows.insert(one["route"].get<std::string>() + " " + one["kind"].get<std::string>() + " " +
                one["legacy_key"].get<std::string>() + one["target_key"].dump());
  }
  return rows;
}

std::string file_text(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

// reliability 103, 123
BOOST_AUTO_TEST_CASE(a_repair_puts_right_all_that_a_validation_finds_and_the_next_one_says_equal) {
  Club club;
  club.source.exec("INSERT INTO person VALUES (300, 'waits', 55)");
  club.agent.start();
  club.agent.wait_applied();
  const std::string gone = club.person_id(200);
  club.source.exec("DELETE FROM person WHERE id = 200");
  club.agent.wait_applied();
  club.target.exec(
      "SET session_replication_role = replica; UPDATE people SET name = 'wrong', nick = NULL WHERE legacy_id = 5; "
      "DELETE FROM people WHERE legacy_id = 6; DELETE FROM teams WHERE legacy_id = 4; "
      "DELETE FROM members USING people p WHERE p.id = person_id AND p.legacy_id = 7; "
      "INSERT INTO people (id, name, legacy_id) VALUES ('" +
      gone + "', 'nobody means me', 200)");

  const CommandResult found = club.agent.command({"validate", "--json"});
  BOOST_TEST(found.exit_code == 1, found.err);
  const std::set<std::string> named = examples(json::parse(found.out));
  BOOST_TEST(named.size() == 6U, found.out);
  const CommandResult dry = club.agent.command({"repair", "--dry-run", "--json"});
  BOOST_TEST(dry.exit_code == 1, dry.err);
  BOOST_TEST((listed(json::parse(dry.out)) == named), dry.out);

  // The row that nobody means, and the one that waits, are left, and said.
  const CommandResult first = club.agent.command({"repair", "--json"});
  BOOST_TEST(first.exit_code == 1, first.err);
  const json left = json::parse(first.out);
  BOOST_TEST(left["extra_left"] == 1, first.out);
  BOOST_TEST(left["parked"] == 1, first.out);
  BOOST_TEST(examples(left["validation"]).size() == 2U, first.out);
  club.agent.must({"quarantine", "discard", "300", "--reason", "its team was never entered"});
  // The repair's own validation has left what is left to do.
  club.agent.must({"repair", "--delete-extra"});

  const std::string report = (club.agent.directory() / "report.html").string();
  const json equal = json::parse(club.agent.must({"validate", "--json", "--report", report}));
  BOOST_TEST(equal["match"] == true, equal.dump());
  BOOST_TEST(equal["complete"] == true, equal.dump());
  BOOST_TEST(equal["routes"][1]["accepted"] == 1, equal.dump());
  BOOST_TEST(file_text(report).find("The two databases are equal.") != std::string::npos);
  BOOST_TEST(club.agent.command({"validate", "--report", "/no/such/folder/r.html"}).exit_code == 2);
  BOOST_TEST(club.agent.stop() == 0);
  BOOST_CHECK_NO_THROW(club.require_equal());
}
