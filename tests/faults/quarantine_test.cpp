// What the target refuses for good: rows that it does not take, rows that it does not let go, and however many of them.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/faults/people.hpp"
#include "tests/support/process_memory.hpp"
#include "tests/support/wait.hpp"

using faults::People;
using tests::CommandResult;

namespace {

/// While this lives, no role may let foreign keys rest.
class EnforcedForeignKeys {
 public:
  EnforcedForeignKeys() { admin().exec("REVOKE SET ON PARAMETER session_replication_role FROM postgres"); }
  ~EnforcedForeignKeys() { admin().exec("GRANT SET ON PARAMETER session_replication_role TO postgres"); }
  EnforcedForeignKeys(const EnforcedForeignKeys&) = delete;
  EnforcedForeignKeys& operator=(const EnforcedForeignKeys&) = delete;

 private:
  static const tests::Database& admin() { return tests::shared_servers().target_admin; }
};

/// The new application's own table, with a row that refers to this person.
void visit(const People& pair, int person) {
  pair.target.exec(
      "CREATE TABLE IF NOT EXISTS visits (person_id uuid REFERENCES people); INSERT INTO visits SELECT id FROM people "
      "WHERE legacy_id = " +
      std::to_string(person));
}

/// A trigger that refuses to let people of this condition go, in every session.
void hold(const People& pair, const std::string& condition) {
  pair.target.exec(
      "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'held: %', OLD.name; END "
      "$$; "
      "CREATE TRIGGER hold BEFORE DELETE ON people FOR EACH ROW WHEN (" +
      condition + ") EXECUTE FUNCTION hold(); ALTER TABLE people ENABLE ALWAYS TRIGGER hold");
}

void let_go(const People& pair) { pair.target.exec("DROP FUNCTION hold CASCADE"); }

}  // namespace

// reliability 97, 120, 176
BOOST_AUTO_TEST_CASE(a_row_that_the_new_application_holds_on_to_is_quarantined_and_the_others_go) {
  const EnforcedForeignKeys enforced;
  People pair;
  pair.bring_over();
  visit(pair, 7);
  pair.source.exec("DELETE FROM person WHERE id BETWEEN 5 AND 9; UPDATE person SET name = 'new' WHERE id = 20");
  pair.bring_over();
  BOOST_TEST(pair.quarantined() == "people 7 23503\n");
  BOOST_TEST(pair.on_target("SELECT string_agg(legacy_id::text, ' ') FROM people WHERE legacy_id BETWEEN 5 AND 9") ==
             "7");
  BOOST_TEST(pair.on_target("SELECT name FROM people WHERE legacy_id = 20") == "new");
  // It is still accounted for, and the sum still holds.
  BOOST_TEST(pair.counter("people", "read") == 296);
  BOOST_TEST(pair.counter("people", "applied") == 295);
  BOOST_TEST(pair.counter("people", "quarantined") == 1);
  pair.require_honest();
  const CommandResult list = pair.agent.command({"quarantine", "list"});
  BOOST_TEST(list.out.find("visits_person_id_fkey") != std::string::npos, list.out);
  const auto shown = nlohmann::json::parse(pair.agent.must({"quarantine", "show", "7", "--json"}))["quarantined"][0];
  BOOST_TEST(shown["op"] == "delete", shown.dump());
  BOOST_TEST(shown["remedy"].get<std::string>().find("visits_person_id_fkey") != std::string::npos, shown.dump());
  BOOST_TEST(shown["row"]["id"] == pair.on_target("SELECT id FROM people WHERE legacy_id = 7"), shown.dump());

  // What finds nothing, since nothing is called so, is no success.
  for (const std::vector<std::string>& mistaken : std::vector<std::vector<std::string>>{
           {"quarantine", "list", "--route", "poeple"},
           {"quarantine", "retry", "8888"},
           {"quarantine", "discard", "7", "--reason", " "},
       }) {
    const CommandResult answer = pair.agent.command(mistaken);
    BOOST_TEST(answer.exit_code == 2, mistaken.back() + ": " + answer.out + answer.err);
  }
  pair.agent.must({"quarantine", "list", "--route", "people"});

  const CommandResult in_vain = pair.agent.command({"quarantine", "retry"});
  BOOST_TEST(in_vain.exit_code == 1, in_vain.err);
  BOOST_TEST(in_vain.out.find("1 retried: 0 applied, 1 still quarantined") != std::string::npos, in_vain.out);
  pair.target.exec("DELETE FROM visits");
  pair.agent.must({"quarantine", "retry", "7"});
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 97, 173
BOOST_AUTO_TEST_CASE(parents_that_stay_because_a_child_stays_go_with_it_in_one_retry) {
  const EnforcedForeignKeys enforced;
  People pair;
  pair.bring_over();
  visit(pair, 2);
  pair.source.exec("BEGIN; DELETE FROM team WHERE id = 3; DELETE FROM person WHERE team_id = 3; COMMIT");
  pair.agent.start();
  pair.agent.wait_applied();
  BOOST_TEST(pair.quarantined() == "people 2 23503\nteams 3 23503\n");
  BOOST_TEST(pair.on_target("SELECT count(*) FROM people p JOIN teams t ON t.id = p.team_id WHERE t.legacy_id = 3") ==
             "1");
  // Through the agent that runs.
  BOOST_TEST(pair.counter("people", "quarantined") == 1);
  pair.target.exec("DELETE FROM visits");
  pair.agent.must({"quarantine", "retry"});
  BOOST_TEST(pair.counter("people", "quarantined") == 0);
  BOOST_TEST(pair.agent.stop() == 0);
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 97, 120
BOOST_AUTO_TEST_CASE(a_trigger_that_lets_some_rows_not_go_keeps_just_these_and_the_checkpoint_advances) {
  People pair(1000);
  pair.bring_over();
  hold(pair, "OLD.legacy_id IN (100, 101, 777)");
  pair.source.exec("DELETE FROM person WHERE id > 50");
  pair.bring_over();
  BOOST_TEST(pair.quarantined() == "people 100 P0001\npeople 101 P0001\npeople 777 P0001\n");
  BOOST_TEST(pair.on_target("SELECT count(*) FROM people") == "53");
  pair.require_honest();
  // A trigger's words may quote the row, so they are not passed on.
  BOOST_TEST(pair.target_admin.query_value("SELECT count(*) FROM dispatch_sync.quarantine WHERE message LIKE '%p777%'")
                 .value() == "0");
  // Meant again: it is right where it is.
  pair.source.exec("INSERT INTO person VALUES (777, 'back', 1)");
  pair.bring_over();
  BOOST_TEST(pair.quarantined() == "people 100 P0001\npeople 101 P0001\n");
  BOOST_TEST(pair.on_target("SELECT name FROM people WHERE legacy_id = 777") == "back");
  let_go(pair);
  pair.agent.must({"quarantine", "retry"});
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 117
BOOST_AUTO_TEST_CASE(a_target_that_lets_nothing_go_stops_the_agent_before_the_commit_and_loses_nothing) {
  People pair;
  pair.bring_over();
  hold(pair, "true");
  pair.source.exec("DELETE FROM person");
  for (int i = 0; i < 2; ++i) {
    const CommandResult refused = pair.agent.command({"sync", "--until-current"});
    BOOST_TEST(refused.exit_code == 6, refused.err);
    BOOST_TEST(refused.err.find("route=people") != std::string::npos, refused.err);
    BOOST_TEST(pair.quarantined() == "");
    BOOST_TEST(pair.on_target("SELECT count(*) FROM people") == "300");
    pair.require_honest();
  }
  let_go(pair);
  pair.bring_over();
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 35, 97: the snapshot that rebuilds a lost state removes what the source no longer has
BOOST_AUTO_TEST_CASE(a_snapshot_that_may_not_remove_a_row_of_old_quarantines_it_and_finishes) {
  const EnforcedForeignKeys enforced;
  People pair;
  pair.bring_over();
  visit(pair, 7);
  std::filesystem::remove_all(pair.agent.state_dir());
  pair.source.exec("DELETE FROM person WHERE id BETWEEN 5 AND 9");
  pair.agent.must({"snapshot"});
  pair.bring_over();
  BOOST_TEST(pair.quarantined() == "people 7 23503\n");
  BOOST_TEST(pair.on_target("SELECT count(*) FROM people") == "296");
  pair.target.exec("DELETE FROM visits");
  pair.agent.must({"quarantine", "retry"});
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 97, 118, 178
BOOST_AUTO_TEST_CASE(a_poison_row_stops_nobody_and_its_later_changes_stay_behind_it) {
  People pair(1000);
  pair.bring_over();
  pair.target.exec("ALTER TABLE people ADD CONSTRAINT short CHECK (length(name) < 50)");
  pair.source.exec("UPDATE person SET name = CASE id WHEN 617 THEN repeat('x', 60) ELSE name || '!' END");
  for (int i = 0; i < 3; ++i) {
    pair.bring_over();  // as systemd would start it again: it ends with 0 each time
  }
  BOOST_TEST(pair.quarantined() == "people 617 23514\n");
  BOOST_TEST(pair.target_admin.query_value("SELECT attempts FROM dispatch_sync.quarantine").value() == "1");
  BOOST_TEST(pair.counter("people", "applied") == 999);
  pair.source.exec("UPDATE person SET name = 'mended' WHERE id = 617");
  pair.bring_over();
  BOOST_TEST(pair.quarantined() == "people 617 23514\n");
  pair.agent.must({"quarantine", "retry"});
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 100
BOOST_AUTO_TEST_CASE(a_quarantining_transaction_whose_commit_is_lost_counts_its_row_once) {
  People pair;
  pair.bring_over();
  pair.target.exec("ALTER TABLE people ADD CONSTRAINT short CHECK (length(name) < 50)");
  pair.end_writer(20, true);
  pair.source.exec(
      "BEGIN; INSERT INTO person VALUES (1000, repeat('x', 60), 1); INSERT INTO person SELECT i, 'p' || i, 1 FROM "
      "generate_series(1001, 1100) i; COMMIT");
  pair.agent.start();
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0);
  BOOST_TEST(pair.agent.process().err().find("lost while committing") != std::string::npos);
  BOOST_TEST(pair.quarantined() == "people 1000 23514\n");
  BOOST_TEST(
      pair.target_admin.query_value("SELECT string_agg(attempts::text, ' ') FROM dispatch_sync.quarantine").value() ==
      "1");
  BOOST_TEST(pair.counter("people", "applied") == 400);
}

/// Many people without a team, all of them refused, and an agent that streams, in batches of 50 rows.
struct ManyRefused : People {
  ManyRefused() : People(0) {
    std::string& mapping = agent.options().mapping;
    mapping.replace(mapping.find("team_id: \"ref('team', team_id)\""), 31,
                    "team_id: { expr: \"ref('team', team_id)\", missing: quarantine }");
    agent.options().max_quarantine = "100%";
    agent.options().batch_rows = 50;
    agent.configure();
    source.exec("INSERT INTO person SELECT i, 'p' || i, 11 FROM generate_series(1, 1000) i");
    bring_over();
  }
  /// How many lines of the quarantine were tried so often.
  [[nodiscard]] int tried(int attempts) const {
    return std::stoi(target_admin
                         .query_value("SELECT count(*) FROM dispatch_sync.quarantine WHERE resolved_at IS NULL AND "
                                      "attempts = " +
                                      std::to_string(attempts))
                         .value());
  }
};

// reliability 98
BOOST_AUTO_TEST_CASE(a_long_retry_lets_the_stream_pass_between_its_pages) {
  ManyRefused pair;
  pair.agent.start({{"AGENT_FAILPOINTS", "before_retry_committed=wait:300"}});
  pair.agent.wait_streaming();
  const auto retry = pair.agent.begin({"quarantine", "retry"});
  tests::wait_until([&] { return pair.tried(2) > 0; }, "the first page");
  pair.source.exec("INSERT INTO team VALUES (12, 'meanwhile')");
  tests::wait_until([&] { return pair.on_target("SELECT count(*) FROM teams WHERE legacy_id = 12") == "1"; },
                    "a change of the stream");
  BOOST_TEST(pair.tried(1) > 0);
  BOOST_TEST(retry->wait() == 1, retry->err());
  BOOST_TEST(retry->out().find("1000 retried: 0 applied, 1000 still quarantined") != std::string::npos, retry->out());
  BOOST_TEST(pair.tried(2) == 1000);
  BOOST_TEST(pair.agent.stop() == 0);
}

// reliability 98
BOOST_AUTO_TEST_CASE(a_retry_that_the_target_keeps_waiting_keeps_nobody_else_from_an_answer) {
  ManyRefused pair;
  pair.agent.start();
  pair.agent.wait_streaming();
  tests::Sql holder = pair.target_admin.session();
  holder.exec("BEGIN; LOCK TABLE dispatch_sync.quarantine");
  const auto retry = pair.agent.begin({"quarantine", "retry"});
  tests::wait_until(
      [&] { return pair.target_admin.query_value("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0"; },
      "the retry to wait");
  for (int n = 0; n < 3; ++n) BOOST_TEST(pair.counter("people", "quarantined") == 1000);
  // A second one waits for its turn.
  const auto second = pair.agent.begin({"quarantine", "retry", "7"});
  BOOST_TEST(pair.counter("people", "quarantined") == 1000);
  BOOST_TEST(retry->is_running());
  holder.exec("COMMIT");
  BOOST_TEST(retry->wait() == 1, retry->err());
  BOOST_TEST(retry->out().find("1000 retried: 0 applied, 1000 still quarantined") != std::string::npos, retry->out());
  BOOST_TEST(second->wait() == 1, second->err());
  BOOST_TEST(second->out().find("1 retried: 0 applied, 1 still quarantined") != std::string::npos, second->out());
  BOOST_TEST(pair.agent.stop() == 0);
}

// reliability 98
BOOST_AUTO_TEST_CASE(fifty_thousand_quarantined_rows_are_retried_again_and_again_in_bounded_memory,
                     *tests::judges_memory()) {
  constexpr int kRows = 50'000;
  constexpr double kMost = 320;
  People pair(0);
  std::string& mapping = pair.agent.options().mapping;
  mapping.replace(mapping.find("team_id: \"ref('team', team_id)\""), 31,
                  "team_id: { expr: \"ref('team', team_id)\", missing: quarantine }");
  pair.agent.options().max_quarantine = "100%";
  pair.agent.configure();
  pair.source.exec("INSERT INTO person SELECT i, 'p' || i, 11 FROM generate_series(1, " + std::to_string(kRows) +
                   ") i");
  pair.bring_over();
  const auto state = [&] {
    return pair.target_admin
        .query_value(
            "SELECT count(*) || ' ' || count(DISTINCT legacy_key) || ' ' || min(attempts) || ' ' || "
            "max(attempts) FROM dispatch_sync.quarantine WHERE resolved_at IS NULL")
        .value();
  };
  BOOST_TEST(state() == "50000 50000 1 1");
  pair.agent.start();
  pair.agent.wait_streaming();
  for (int attempt = 2; attempt <= 3; ++attempt) {
    const CommandResult retry = pair.agent.command({"quarantine", "retry"});
    BOOST_TEST(retry.exit_code == 1, retry.err);
    BOOST_TEST(retry.out.find("50000 retried: 0 applied, 50000 still") != std::string::npos, retry.out);
    BOOST_TEST(state() == "50000 50000 " + std::to_string(attempt) + " " + std::to_string(attempt));
  }
  BOOST_TEST(pair.counter("people", "quarantined") == kRows);
  const double peak = tests::peak_memory_mb(pair.agent.process().pid());
  BOOST_TEST_MESSAGE("peak memory " << peak << " MB");
  BOOST_TEST(peak < kMost);
  pair.source.exec("INSERT INTO team VALUES (11, 'late')");
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0);
  BOOST_CHECK_NO_THROW(pair.require_equal());
}
