#include <boost/test/unit_test.hpp>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/integration/cutover/switched_people.hpp"

using cutover_tests::SwitchedPeople;
using tests::AgentUnderTest;
using tests::CommandResult;

namespace {

/// The steps, by the number by which a failpoint knows them.
enum StepNumber : std::uint8_t { Fence = 1, Drain, Validate, Settle, Mappings, Cleanup, Release };

AgentUnderTest::Environment at(const std::string& place, int step, const std::string& action = "kill") {
  return {{"AGENT_FAILPOINTS", place + "=" + action + "@" + std::to_string(step)}};
}

void kill_cutover(const SwitchedPeople& pair, const std::string& place, int step) {
  const CommandResult killed = pair.agent.command({"cutover", "--yes"}, at(place, step));
  BOOST_TEST_REQUIRE(killed.exit_code == tests::kKilled, killed.err);
  pair.require_honest();
}

void finish(SwitchedPeople& pair) {
  const CommandResult result = pair.agent.command({"cutover", "--yes"});
  BOOST_TEST_REQUIRE(result.exit_code == 0, result.err);
  pair.require_switched();
}

/// Back to where another cutover may begin.
void go_back(SwitchedPeople& pair) {
  pair.agent.must({"rollback", "cutover", "--yes"});
  pair.agent.must({"rollback", "cleanup", "--yes"});
  pair.agent.must({"snapshot"});
  pair.make_ready();
  pair.require_as_before();
  BOOST_REQUIRE_NO_THROW(pair.require_equal());
}

void lift_fence_by_hand(const SwitchedPeople& pair) {
  tests::Sql session = pair.source_admin.session();
  session.exec("SET default_transaction_read_only = off");
  session.exec("ALTER DATABASE " + pair.name + " RESET default_transaction_read_only");
}

}  // namespace

// reliability 104c, 104h
BOOST_AUTO_TEST_CASE(after_a_kill_before_the_point_of_no_return_an_abort_restores_everything) {
  SwitchedPeople pair(20);
  pair.list_a_column_for_cleanup();
  pair.make_ready();
  const auto abort_after = [&](const char* place, int step) {
    BOOST_TEST_CONTEXT(place << " " << step) {
      kill_cutover(pair, place, step);
      BOOST_TEST(pair.takes_writes() == (step == Fence && place == std::string("after_step_begun")));
      const CommandResult result = pair.agent.command({"cutover", "--abort"});
      BOOST_TEST(result.exit_code == 0, result.err);
      pair.require_as_before();
      BOOST_TEST(pair.has_old_column());
    }
  };
  abort_after("after_step_begun", Fence);
  for (const int step : {Fence, Drain, Validate, Settle, Mappings}) {
    abort_after("before_step_ended", step);
    abort_after("after_step_ended", step);
    pair.add(step * 1000, step * 1000 + 5);
    pair.bring_over();
    BOOST_CHECK_NO_THROW(pair.require_equal());
  }
  BOOST_TEST(pair.agent.command({"cutover", "--abort"}).exit_code == 6);
}

// reliability 104c, 104g
BOOST_AUTO_TEST_CASE(after_a_kill_at_any_step_the_same_command_finishes) {
  SwitchedPeople pair(20);
  pair.list_a_column_for_cleanup();
  pair.make_ready();
  for (const int step : {Fence, Drain, Validate, Settle, Mappings, Cleanup, Release}) {
    BOOST_TEST_CONTEXT(step) {
      if (step != Fence) go_back(pair);
      pair.add(step * 1000, step * 1000 + 5);
      kill_cutover(pair, "before_step_ended", step);
      finish(pair);
      BOOST_TEST(!pair.has_old_column());
    }
  }
  go_back(pair);
  // Once more, a kill after a kill: from one step's end to the next one's begin.
  kill_cutover(pair, "after_step_ended", Mappings);
  kill_cutover(pair, "after_step_begun", Cleanup);
  // The steps that are done are left out, all but the fence.
  kill_cutover(pair, "after_step_ended", 2);
  kill_cutover(pair, "after_step_begun", 2);
  kill_cutover(pair, "after_step_ended", 2);
  finish(pair);
}

// reliability 104c, 104i
BOOST_AUTO_TEST_CASE(past_the_point_of_no_return_an_abort_is_refused_and_a_rollback_goes_back) {
  SwitchedPeople pair(20);
  pair.list_a_column_for_cleanup();
  pair.make_ready();
  kill_cutover(pair, "after_step_ended", Cleanup);
  const CommandResult refused = pair.agent.command({"cutover", "--abort"});
  BOOST_TEST(refused.exit_code == 6, refused.err);
  BOOST_TEST(refused.err.find("agent rollback cutover") != std::string::npos, refused.err);
  for (const char* command : {"run", "sync", "snapshot"}) {
    const CommandResult over = pair.agent.command({command});
    BOOST_TEST(over.exit_code == 0, over.err);
    BOOST_TEST(over.err.find("past the point of no return") != std::string::npos, over.err);
  }
  pair.agent.must({"rollback", "cutover", "--dry-run"});
  BOOST_TEST(!pair.takes_writes());
  const std::string said = pair.agent.must({"rollback", "cutover", "--yes"});
  BOOST_TEST(said.find("agent rollback cleanup") != std::string::npos, said);
  BOOST_TEST(pair.takes_writes());
  // The sync does without the columns that are gone.
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.add(500, 510);
  pair.agent.wait_applied();
  BOOST_CHECK_NO_THROW(pair.require_equal());
  pair.require_as_before();
  pair.agent.must({"rollback", "cleanup", "--yes"});
  BOOST_TEST(pair.on_target("SELECT count(*) FROM people WHERE old = 'of old'") == "31");
}

// reliability 104c: also on the way back
BOOST_AUTO_TEST_CASE(a_rollback_of_the_cutover_that_is_killed_anywhere_goes_on_and_nothing_else_does) {
  constexpr int kParts = 8;
  SwitchedPeople pair(20);
  pair.list_a_column_for_cleanup();
  pair.make_ready();
  pair.agent.must({"cutover", "--yes"});
  const auto kill_rollback = [&](int part) {
    BOOST_TEST_CONTEXT("part " << part) {
      const CommandResult killed = pair.agent.command({"rollback", "cutover", "--yes"}, at("in_way_back", part));
      BOOST_TEST_REQUIRE(killed.exit_code == tests::kKilled, killed.err);
      BOOST_TEST(pair.takes_writes() == (part == kParts));
      if (part != 1 && part != kParts) return;
      // What is written to a source that is open already is nobody's yet: nobody may say that there is nothing to do.
      for (const std::vector<std::string>& command :
           {std::vector<std::string>{"cutover", "--yes"}, {"cutover", "--abort"}, {"run"}, {"sync"}, {"snapshot"}}) {
        const CommandResult refused = pair.agent.command(command);
        BOOST_TEST(refused.exit_code == 6, command.front() << ": " << refused.err);
        BOOST_TEST(refused.err.find("run `agent rollback cutover`, which goes on") != std::string::npos, refused.err);
      }
      BOOST_TEST(pair.agent.command({"rollback", "snapshot", "--yes"}).exit_code == 6);
    }
  };
  for (int part = 1; part <= kParts; ++part) kill_rollback(part);
  pair.add(500, 510);
  go_back(pair);
  // The same of a cutover that is past the point of no return and has still everything of the sync.
  kill_cutover(pair, "after_step_ended", Cleanup);
  kill_rollback(kParts);
  pair.add(600, 610);
  go_back(pair);
  BOOST_TEST(pair.on_target("SELECT count(*) FROM people") ==
             pair.source.query_value("SELECT count(*) FROM person").value());
  BOOST_TEST(
      pair.on_target(
          "SELECT count(*) FROM dispatch_sync.audit_log WHERE command = 'rollback cutover' AND phase = 'cutover' AND "
          "detail ->> 'status' = 'rolled back'") == "2");
}

// reliability 104c, 104g: also on the way back
BOOST_AUTO_TEST_CASE(a_rollback_of_the_cleanup_that_is_killed_around_any_transaction_goes_on) {
  SwitchedPeople pair(20);
  pair.target.exec(
      "ALTER TABLE people ADD old text, ADD older integer NOT NULL DEFAULT 7; ALTER TABLE teams ADD old text");
  pair.agent.options().mapping += "cleanup: { drop_columns: { people: [old, older], teams: [old] } }\n";
  pair.agent.configure();
  pair.bring_over();
  pair.target.exec("UPDATE people SET old = 'of ' || name, older = legacy_id; UPDATE teams SET old = upper(name)");
  const auto contents = [&] {
    return tests::as_text(pair.target.query_rows("SELECT legacy_id, name, old, older FROM people ORDER BY 1")) +
           tests::as_text(pair.target.query_rows("SELECT name, old FROM teams ORDER BY 1"));
  };
  const std::string before = contents();
  for (const auto& [place, nth] : std::vector<std::pair<std::string, int>>{{"before_patient_commit", 1},
                                                                           {"after_patient_commit", 1},
                                                                           {"before_patient_commit", 2},
                                                                           {"after_patient_commit", 2}}) {
    BOOST_TEST_CONTEXT(place << "@" << nth) {
      pair.agent.must({"cleanup", "--yes"});
      const CommandResult killed = pair.agent.command({"rollback", "cleanup", "--yes"}, at(place, nth));
      BOOST_TEST_REQUIRE(killed.exit_code == tests::kKilled, killed.err);
      pair.agent.must({"rollback", "cleanup", "--yes"});
      BOOST_TEST((contents() == before), tests::differing_lines(before, contents()));
      pair.agent.must({"rollback", "cleanup", "--yes"});
      BOOST_TEST((contents() == before), "twice");
    }
  }
}

// reliability 104b, 104c
BOOST_AUTO_TEST_CASE(what_was_written_between_a_kill_and_the_next_run_is_brought_over_or_told_and_never_lost) {
  SwitchedPeople pair(20);
  pair.make_ready();
  kill_cutover(pair, "after_step_ended", Mappings);
  lift_fence_by_hand(pair);
  pair.add(700, 710);
  finish(pair);
  go_back(pair);

  const auto write_behind_the_fence = [&] {
    kill_cutover(pair, "after_step_ended", Cleanup);
    lift_fence_by_hand(pair);
    pair.source.exec("UPDATE person SET name = 'late' WHERE id = 9");
    const CommandResult refused = pair.agent.command({"cutover", "--yes"});
    BOOST_TEST(refused.exit_code == 6, refused.err);
    for (const char* what : {"somebody wrote to the source", "table=person", "lsn=", "pg_drop_replication_slot"}) {
      BOOST_TEST(refused.err.find(what) != std::string::npos, refused.err);
    }
    BOOST_TEST(pair.has_slot());
    BOOST_TEST(!pair.takes_writes());
  };
  write_behind_the_fence();
  go_back(pair);
  BOOST_TEST(pair.on_target("SELECT name FROM people WHERE legacy_id = 9") == "late");

  pair.source.exec("UPDATE person SET name = 'again' WHERE id = 9");
  pair.agent.must({"sync", "--until-current"});
  write_behind_the_fence();
  pair.source_admin.exec("SELECT pg_drop_replication_slot('" + pair.name + "')");
  BOOST_TEST(pair.agent.command({"cutover", "--yes"}).exit_code == 0);
  BOOST_TEST(pair.on_target("SELECT name FROM people WHERE legacy_id = 9") == "again");
}

// reliability 104c
BOOST_AUTO_TEST_CASE(a_running_agent_that_dies_does_not_keep_the_cutover_from_its_end) {
  SwitchedPeople pair(20);
  const std::map<int, std::string> lines = {
      {Drain, "drain:"}, {Validate, "validate:"}, {Cleanup, "cleanup:"}, {Release, "release:"}};
  for (const auto& [step, line] : lines) {
    BOOST_TEST_CONTEXT(line) {
      pair.agent.start();
      pair.agent.wait_streaming();
      pair.agent.must({"validate"});
      const auto cutover = pair.agent.begin({"cutover", "--yes"}, at("after_step_begun", step, "wait:2000"));
      cutover->wait_for_line(line);
      const auto status = nlohmann::json::parse(pair.agent.status());
      BOOST_TEST(status.at("phase") == "cutover");
      BOOST_TEST(!status.at("fenced_since").get<std::string>().empty());
      pair.agent.kill();
      // One that is started again streams until the point of no return, and ends by itself behind it.
      if (step != Drain) pair.agent.start();
      const int code = cutover->wait();
      BOOST_TEST(code == 0, code << "\n" << cutover->err());
      if (step != Drain) BOOST_TEST(pair.agent.wait() == 0);
      pair.require_switched();
      pair.agent.must({"rollback", "cutover", "--yes"});
      pair.add(step * 100, step * 100 + 5);
    }
  }
}

// reliability 104c
BOOST_AUTO_TEST_CASE(an_error_before_the_point_of_no_return_takes_everything_back_and_one_behind_it_does_not) {
  SwitchedPeople pair(20);
  pair.list_a_column_for_cleanup();
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.agent.must({"validate"});
  const CommandResult taken_back = pair.agent.command({"cutover", "--yes"}, at("after_step_ended", Mappings, "fail"));
  BOOST_TEST(taken_back.exit_code == 4, taken_back.err);
  pair.require_as_before();
  pair.add(100, 110);
  pair.agent.wait_applied();
  BOOST_CHECK_NO_THROW(pair.require_equal());
  const CommandResult stands = pair.agent.command({"cutover", "--yes"}, at("before_step_ended", Cleanup, "fail"));
  BOOST_TEST(stands.exit_code == 4, stands.err);
  BOOST_TEST(stands.err.find("`agent cutover` goes on") != std::string::npos, stands.err);
  BOOST_TEST(!pair.takes_writes());
  const auto interrupted = pair.agent.begin({"cutover", "--yes"}, at("after_step_begun", 2, "wait:1000"));
  interrupted->wait_for_line("cleanup:");
  interrupted->kill(SIGTERM);
  const int code = interrupted->wait();
  BOOST_TEST(code == 7, code << "\n" << interrupted->err());
  BOOST_TEST(interrupted->err().find("past the point of no return") != std::string::npos, interrupted->err());
  BOOST_TEST(!pair.takes_writes());
  finish(pair);
  BOOST_TEST(pair.agent.wait() == 0);
}
