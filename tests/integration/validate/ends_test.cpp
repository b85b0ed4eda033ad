// How a validation ends: its exit codes, and what it leaves behind.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/validate/office.hpp"
#include "tests/support/process.hpp"
#include "tests/support/sanitizer.hpp"
#include "tests/support/wait.hpp"

using tests::CommandResult;
using tests::Office;

namespace {

/// The files that a validation makes and removes.
std::string files_of_validation(const Office& office) {
  std::string names;
  for (const auto& entry : std::filesystem::directory_iterator{office.agent.state_dir()}) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("validate-") || name.starts_with("last-validate.jsonl.")) names += name + " ";
  }
  return names;
}

/// Asserts that a validation that ended left neither files nor a slot.
void expect_nothing_left(const Office& office) {
  BOOST_TEST(files_of_validation(office) == "");
  // A server removes the slot of a session when it has noticed its end.
  tests::wait_until(
      [&] {
        return office.source_admin.query_value("SELECT count(*) FROM pg_replication_slots WHERE temporary") == "0";
      },
      "the validation's slot to go");
}

/// Begins `agent validate --json` with more arguments, and leaves it to the caller.
std::unique_ptr<tests::Process> begin_validation(const Office& office, const std::vector<std::string>& args = {}) {
  std::vector<std::string> all = {"validate", "--json"};
  all.insert(all.end(), args.begin(), args.end());
  return office.agent.begin(all);
}

void wait_begun(const Office& office) {
  tests::wait_until([&] { return !files_of_validation(office).empty(); }, "the validation to begin");
}

/// Waits for the slot of a validation, which is only made while the agent stands still.
void wait_standing(const Office& office) {
  tests::wait_until(
      [&] {
        return office.source_admin
                   .query_value(
                       "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE_REPLICATION_SLOT%' AND "
                       "state = 'active' AND datname = current_database()")
                   .value() != "0";
      },
      "the agent to stand still");
}

/// An agent that stands still for a validation: the slot is not made before an open transaction ends.
struct StandingOffice : Office {
  StandingOffice() {
    bring_over();
    agent.start();
    agent.wait_streaming();
    holder.exec("BEGIN; UPDATE invoice SET total = 1 WHERE id = 9");
    validation = begin_validation(*this);
  }

  tests::Sql holder = source.session();
  std::unique_ptr<tests::Process> validation;
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_cannot_be_compared_at_all_says_why_by_its_exit_code) {
  Office office;
  const auto ends_with = [&](int code, const std::string& what, std::vector<std::string> args = {}) {
    args.insert(args.begin(), "validate");
    const CommandResult result = office.agent.command(std::move(args));
    BOOST_TEST(result.exit_code == code, what << ": " << result.err);
    BOOST_TEST(result.out.empty(), result.out);
  };
  ends_with(6, "nothing was ever copied");
  office.bring_over();
  ends_with(2, "a table that nobody knows", {"--table", "prsn"});
  ends_with(2, "a load of nothing", {"--max-load", "0"});

  const std::string source = office.agent.options().source_url;
  const std::string target = office.agent.options().target_url;
  office.agent.options().source_url = "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2";
  office.agent.configure();
  ends_with(3, "no source");
  office.agent.options().source_url = source;
  office.agent.options().target_url = "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=2";
  office.agent.configure();
  ends_with(4, "no target");
  office.agent.options().target_url = target;
  office.agent.configure();
  expect_nothing_left(office);
  office.require_equal();
}

BOOST_AUTO_TEST_CASE(what_was_not_looked_at_never_counts_as_equal) {
  const Office office;
  office.bring_over();
  // Contents that nobody looks at.
  office.target_admin.exec("UPDATE people SET name = 'another' WHERE legacy_id = 7");
  auto verdict = office.validate({"--counts-only"});
  BOOST_TEST(verdict.exit_code == 7, verdict.log);
  BOOST_TEST(verdict.json.at("match").get<bool>());
  BOOST_TEST(!verdict.json.at("complete").get<bool>());
  BOOST_TEST(verdict.route("people").at("source_checksum") == "");
  BOOST_TEST(verdict.count("people", "source_rows") == 190);
  // Numbers are compared all the same.
  office.target_admin.exec("SET session_replication_role = replica; DELETE FROM people WHERE legacy_id = 8");
  verdict = office.validate({"--counts-only"});
  BOOST_TEST(verdict.exit_code == 1);
  BOOST_TEST(verdict.count("people", "missing") == 1);
  BOOST_TEST(verdict.count("people", "different") == 0);

  // Tables that were not asked for are not spoken of.
  verdict = office.validate({"--table", "invoice"});
  BOOST_TEST(verdict.exit_code == 0);
  BOOST_TEST(verdict.json.at("routes").size() == 1);
  BOOST_TEST(verdict.count("invoices", "matched") == 60);
  BOOST_TEST(verdict.json.at("tables") == nlohmann::json::array({"invoice"}));
  BOOST_TEST(office.validate({"--table", "person"}).exit_code == 1);
}

// reliability 125
BOOST_AUTO_TEST_CASE(a_validation_that_is_ended_or_killed_leaves_nothing_and_does_not_hold_the_agent) {
  Office office;
  // Enough that it takes its time.
  office.source.exec("INSERT INTO invoice SELECT i, i, i FROM generate_series(1000, 60000) i");
  office.bring_over();
  office.agent.start();
  office.agent.wait_streaming();
  for (const int signal : {SIGTERM, SIGKILL}) {
    const auto validation = begin_validation(office, {"--max-load", "5"});
    wait_begun(office);
    validation->kill(signal);
    const int code = validation->wait();
    if (signal == SIGTERM) {
      BOOST_TEST(code == 7, validation->err());
      const auto json = nlohmann::json::parse(validation->out());
      BOOST_TEST(!json.at("complete").get<bool>());
      BOOST_TEST(json.at("match").get<bool>());
      expect_nothing_left(office);
    }
    office.source.exec("UPDATE person SET name = name || '!' WHERE id = 7");
    office.agent.wait_applied();
  }
  // What a killed one left goes with the next.
  office.require_equal();
  expect_nothing_left(office);
  BOOST_TEST(office.agent.stop() == 0);
}

// reliability 125. The agent stands still while a slot is made, which an open transaction holds up.
BOOST_AUTO_TEST_CASE(a_validation_that_is_killed_while_the_agent_stands_holds_it_no_longer_than_a_lease) {
  StandingOffice office;
  wait_standing(office);
  office.validation->kill(SIGKILL);
  BOOST_TEST(office.validation->wait() == 137);
  office.source.exec("UPDATE person SET name = name || '!' WHERE id = 7");
  const auto began = std::chrono::steady_clock::now();
  office.agent.wait_applied();
  const std::chrono::duration<double> held = std::chrono::steady_clock::now() - began;
  BOOST_TEST(held.count() < 10 * tests::kSlowness);  // a lease of one second, and what a busy machine needs
  office.holder.exec("COMMIT");
  office.require_equal();
  expect_nothing_left(office);
  BOOST_TEST(office.agent.stop() == 0);
}

// reliability 125
BOOST_AUTO_TEST_CASE(an_agent_that_is_killed_while_it_stands_for_a_validation_does_not_keep_it_from_its_end) {
  StandingOffice office;
  wait_standing(office);
  office.agent.kill();
  office.holder.exec("COMMIT");
  // It finds the moment by itself now.
  BOOST_TEST(office.validation->wait() == 0, office.validation->out() + office.validation->err());
  const auto json = nlohmann::json::parse(office.validation->out());
  BOOST_TEST(json.at("complete").get<bool>());
  BOOST_TEST(office.validation->err().find("trying again") != std::string::npos, office.validation->err());
  expect_nothing_left(office);
  office.source.exec("UPDATE person SET name = name || '!' WHERE id = 7");
  office.agent.start();
  office.agent.wait_streaming();
  office.agent.wait_applied();
  office.require_equal();
  BOOST_TEST(office.agent.stop() == 0);
}

// reliability 177
BOOST_AUTO_TEST_CASE(a_transaction_in_the_way_is_named_and_waited_for_while_the_agent_goes_on) {
  StandingOffice office;
  office.validation->wait_for_line("has to wait for pid " + std::to_string(office.holder.backend_pid()));
  // Whoever is held up is the validation, not the agent.
  for (int i = 0; i < 3; ++i) {
    office.source.exec("UPDATE person SET name = name || '!' WHERE id = 7");
    const auto began = std::chrono::steady_clock::now();
    office.agent.wait_applied();
    BOOST_TEST_MESSAGE(
        "applied after " << std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() << " s");
  }
  BOOST_TEST(office.validation->is_running());
  office.holder.exec("COMMIT");
  BOOST_TEST(office.validation->wait() == 0, office.validation->out() + office.validation->err());
  BOOST_TEST(office.agent.stop() == 0);
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_is_lost_begins_everything_anew_and_says_so) {
  Office office;
  office.bring_over();
  const auto validation = begin_validation(office, {"--max-load", "2"});
  wait_begun(office);
  // Whoever restarts a server ends all sessions: those that hold the snapshots, too.
  office.target_admin.exec(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'dispatch-sync/validate%'");
  BOOST_TEST(validation->wait() == 0, validation->out() + validation->err());
  BOOST_TEST(validation->err().find("starts anew") != std::string::npos, validation->err());
  expect_nothing_left(office);
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_lost_while_the_snapshots_live_costs_no_more_than_what_was_in_hand) {
  Office office;
  office.bring_over();
  const auto validation = begin_validation(office, {"--max-load", "2"});
  const auto end_workers = [&] {
    return office.target_admin
        .query_value(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name ~ '^dispatch-sync/validate-[0-9]+$'")
        .value();
  };
  tests::wait_until([&] { return end_workers() != "0"; }, "the comparison to begin");
  BOOST_TEST(validation->wait() == 0, validation->out() + validation->err());
  BOOST_TEST(validation->err().find("is done again") != std::string::npos, validation->err());
  BOOST_TEST(validation->err().find("starts anew") == std::string::npos, validation->err());
  BOOST_TEST(nlohmann::json::parse(validation->out()).at("complete").get<bool>());
  expect_nothing_left(office);
}
