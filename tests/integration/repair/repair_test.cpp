// Differences that were planted on the target, put right by `agent repair`.
#include <boost/test/unit_test.hpp>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "core/uuid.hpp"
#include "tests/integration/repair/club.hpp"
#include "tests/support/wait.hpp"
#include "validate/finding_log.hpp"

using repair::Club;
using repair::different;
using repair::extra;
using repair::missing;
using tests::CommandResult;

namespace {

/// One row wrong, one gone, one parent gone with all that refers to it, a pair gone, and a row and a pair that nobody means.
std::vector<validate::Finding> plant(const Club& club) {
  const std::string person = club.person_id(9);
  const std::string team = club.team_id(1);
  // As the agent would have given it: so it is the agent's own row.
  const std::string nobody =
      core::uuid_v5(*core::Uuid::parse("6ba7b811-9dad-11d1-80b4-00c04fd430c8"), "person:9999").to_string();
  club.target.exec(
      "SET session_replication_role = replica; UPDATE people SET name = 'wrong', nick = NULL WHERE legacy_id = 5; "
      "DELETE FROM people WHERE legacy_id = 6; DELETE FROM teams WHERE legacy_id = 4; "
      "DELETE FROM members USING people p WHERE p.id = person_id AND p.legacy_id = 7; "
      "INSERT INTO people (id, name, legacy_id) VALUES ('" +
      nobody + "', 'nobody means me', 9999); INSERT INTO members VALUES ('" + person + "', '" + team + "')");
  club.target_admin.exec("INSERT INTO dispatch_sync.remembered_keys VALUES ('members', '999', ARRAY['" + person +
                         "', '" + team + "'])");
  return {different("people", "5"),
          missing("people", "6"),
          missing("teams", "4"),
          missing("members", "7"),
          extra("people", "9999", {nobody}),
          extra("members", "999", {person, team})};
}

std::string extra_people(const Club& club) {
  return club.on_target(
      "SELECT string_agg(coalesce(legacy_id::text, name), ', ' ORDER BY legacy_id) FROM people WHERE "
      "legacy_id > 1000 OR legacy_id IS NULL");
}

}  // namespace

// reliability 123
BOOST_AUTO_TEST_CASE(a_dry_run_names_every_row_and_touches_none) {
  const Club club;
  const CommandResult none = club.agent.command({"repair", "--dry-run"});
  BOOST_TEST(none.exit_code == 5);
  BOOST_TEST(none.err.find("run `agent validate`") != std::string::npos, none.err);
  club.found({});
  BOOST_TEST(club.agent.command({"repair", "--dry-run"}).exit_code == 0);
  BOOST_TEST(club.agent.command({"repair"}).exit_code == 0);

  const auto planted = plant(club);
  club.found(planted);
  const CommandResult dry = club.agent.command({"repair", "--dry-run"});
  BOOST_TEST(dry.exit_code == 1);
  for (const char* line :
       {"would rewrite different people 5\n", "would rewrite missing people 6\n", "would rewrite missing teams 4\n",
        "would rewrite missing members 7\n", "would remove extra people 9999 (only with --delete-extra)\n"}) {
    BOOST_TEST(dry.out.find(line) != std::string::npos, dry.out);
  }
  const auto json = nlohmann::json::parse(club.agent.command({"repair", "--dry-run", "--json"}).out);
  BOOST_TEST(json["findings"].size() == planted.size());
  BOOST_TEST(club.on_target("SELECT name FROM people WHERE legacy_id = 5") == "wrong");
  BOOST_TEST(
      club.target_admin.query_value("SELECT count(*) FROM dispatch_sync.audit_log WHERE command = 'repair'").value() ==
      "0");
}

// reliability 123
BOOST_AUTO_TEST_CASE(a_repair_beside_the_agent_rewrites_what_was_found_and_deletes_only_when_told) {
  Club club;
  club.agent.start();
  club.agent.wait_streaming();
  club.found(plant(club));
  const std::string untouched = club.on_target("SELECT xmin FROM people WHERE legacy_id = 8");
  const CommandResult first = club.agent.command({"repair", "--json"});
  BOOST_TEST(first.exit_code == 1, first.err);  // extra rows are left
  const auto result = nlohmann::json::parse(first.out);
  BOOST_TEST(result["written"] == 4, first.out);
  BOOST_TEST(result["removed"] == 0, first.out);
  BOOST_TEST(result["extra_left"] == 2, first.out);
  BOOST_TEST(extra_people(club) == "9999, of the new application");

  const CommandResult second = club.agent.command({"repair", "--delete-extra", "--json"});
  BOOST_TEST(second.exit_code == 0, second.err << second.out);
  BOOST_TEST(nlohmann::json::parse(second.out)["removed"] == 2, second.out);
  BOOST_TEST(extra_people(club) == "of the new application");
  BOOST_TEST(club.on_target("SELECT xmin FROM people WHERE legacy_id = 8") == untouched);
  BOOST_TEST(club.target_admin
                 .query_value("SELECT count(*) FROM dispatch_sync.audit_log WHERE command = 'repair' AND actor <> '' "
                              "AND detail ? 'lsn'")
                 .value() != "0");
  club.agent.wait_applied();
  BOOST_CHECK_NO_THROW(club.require_equal());
  // Repaired twice is repaired once.
  const CommandResult third = club.agent.command({"repair", "--delete-extra", "--json"});
  BOOST_TEST(third.exit_code == 0, third.err);
  BOOST_TEST(nlohmann::json::parse(third.out)["written"] == 0, third.out);
  // What was right already is looked at, and that is what is on record.
  club.found({different("people", "5"), different("people", "8")});
  BOOST_TEST(club.agent.command({"repair"}).exit_code == 0);
  BOOST_TEST(tests::as_text(club.target_admin.query_rows(
                 "SELECT detail ->> 'looked_at', detail ->> 'written', detail ->> 'removed' FROM "
                 "dispatch_sync.audit_log WHERE command = 'repair' ORDER BY id")) == "4|4|0\n2|0|2\n2|0|0\n");
  BOOST_TEST(club.agent.stop() == 0);
}

// reliability 123
BOOST_AUTO_TEST_CASE(a_repair_without_an_agent_follows_the_stream_for_so_long) {
  const Club club;
  club.found(plant(club));
  club.source.exec(
      "UPDATE person SET name = 'newer' WHERE id IN (5, 11); DELETE FROM member WHERE id = 6; DELETE FROM person WHERE "
      "id = 6");
  club.agent.must({"repair", "--delete-extra"});
  BOOST_TEST(club.on_target("SELECT name FROM people WHERE legacy_id = 5") == "newer");
  club.bring_over();
  BOOST_CHECK_NO_THROW(club.require_equal());
}

// reliability 122, 123: each row as of the position that everything else is at, however much is written meanwhile
BOOST_AUTO_TEST_CASE(a_repair_under_load_never_writes_a_row_as_it_was) {
  Club club;
  // Who goes back in time is told by the target itself.
  club.source.exec("ALTER TABLE person ADD COLUMN turn integer NOT NULL DEFAULT 0");
  club.target.exec(
      "CREATE TABLE went_back (person integer, before text, after text); "
      "CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "  IF OLD.name LIKE 'turn %' AND (NEW.name NOT LIKE 'turn %' OR substr(NEW.name, 6)::int < substr(OLD.name, "
      "6)::int) THEN "
      "    INSERT INTO went_back VALUES (OLD.legacy_id, OLD.name, NEW.name); END IF; RETURN NEW; END $$; "
      "CREATE TRIGGER watch BEFORE UPDATE ON people FOR EACH ROW EXECUTE FUNCTION watch(); "
      "ALTER TABLE people ENABLE ALWAYS TRIGGER watch");
  club.agent.start();
  club.agent.wait_streaming();
  std::vector<validate::Finding> findings;
  for (int person = 1; person <= 200; ++person) findings.push_back(different("people", std::to_string(person)));
  std::jthread work([&](const std::stop_token& stop) {
    tests::Sql session = club.source.session();
    for (int turn = 1; !stop.stop_requested(); ++turn)
      session.exec("UPDATE person SET name = 'turn " + std::to_string(turn) +
                   "' WHERE id % 7 = " + std::to_string(turn % 7));
  });
  for (int i = 0; i < 5; ++i) {
    club.found(findings);  // its own validation finds nothing any more
    const CommandResult repaired = club.agent.command({"repair"});
    BOOST_TEST(repaired.exit_code == 0, repaired.err);
  }
  work.request_stop();
  work.join();
  club.agent.wait_applied();
  BOOST_TEST(club.on_target("SELECT count(*) FROM went_back") == "0");
  BOOST_TEST(club.agent.stop() == 0);
  BOOST_CHECK_NO_THROW(club.require_equal());
}

// reliability 177
BOOST_AUTO_TEST_CASE(a_repair_waits_for_a_long_transaction_while_the_stream_goes_on) {
  Club club;
  club.agent.start();
  club.agent.wait_streaming();
  club.found(plant(club));
  tests::Sql writer = club.source.session();
  writer.exec("BEGIN; INSERT INTO team VALUES (77, 'late')");
  auto repaired = std::async(std::launch::async, [&] { return club.agent.command({"repair", "--delete-extra"}); });
  tests::wait_until(
      [&] {
        return club.source_admin
                   .query_value(
                       "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE "
                       "'dispatch-sync/snapshot%' AND wait_event_type = 'Lock'")
                   .value() != "0";
      },
      "the snapshot waits");
  club.source.exec("UPDATE team SET name = 'meanwhile' WHERE id = 2");
  tests::wait_until([&] { return club.on_target("SELECT name FROM teams WHERE legacy_id = 2") == "meanwhile"; },
                    "the stream goes on");
  BOOST_TEST((repaired.wait_for(std::chrono::seconds(0)) == std::future_status::timeout));
  writer.exec("COMMIT");
  const CommandResult done = repaired.get();
  BOOST_TEST(done.exit_code == 0, done.err);
  BOOST_TEST(done.err.find("a transaction that writes holds up the snapshot") != std::string::npos, done.err);
  club.agent.wait_applied();
  BOOST_TEST(club.agent.stop() == 0);
  BOOST_CHECK_NO_THROW(club.require_equal());
  BOOST_TEST(club.source_admin.query_value("SELECT count(*) FROM pg_replication_slots WHERE temporary").value() == "0");
}

// reliability 123
BOOST_AUTO_TEST_CASE(rows_that_take_too_long_to_read_end_the_repair_and_the_stream_goes_on) {
  Club club;
  // The snapshot's position is reached a little after the snapshot was taken.
  club.agent.start({{"AGENT_FAILPOINTS", "after_message_received=wait:1000"}});
  club.agent.wait_streaming();
  club.found({different("people", "5")});
  club.target.exec("UPDATE people SET name = 'wrong' WHERE legacy_id = 5");
  tests::Sql holder = club.source.session();
  holder.exec("BEGIN");
  auto repaired = std::async(std::launch::async, [&] { return club.agent.command({"repair"}); });
  tests::wait_until(
      [&] {
        return club.source_admin
                   .query_value(
                       "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'dispatch-sync/snapshot%' "
                       "AND state = 'idle in transaction'")
                   .value() != "0";
      },
      "the snapshot");
  // Takes as long as a scan of a very large table.
  holder.exec("LOCK TABLE nick IN ACCESS EXCLUSIVE MODE");
  const CommandResult ended = repaired.get();
  BOOST_TEST(ended.exit_code == 3, ended.err);
  BOOST_TEST(ended.err.find("rows of \"public\".\"nick\" (\"person_id\") within 5 s") != std::string::npos, ended.err);
  club.source.exec("UPDATE team SET name = 'meanwhile' WHERE id = 2");
  tests::wait_until([&] { return club.on_target("SELECT name FROM teams WHERE legacy_id = 2") == "meanwhile"; },
                    "the stream goes on");
  club.require_honest();
  holder.exec("COMMIT");
  club.agent.kill();
  club.agent.must({"repair"});
  club.bring_over();
  BOOST_CHECK_NO_THROW(club.require_equal());
}

// reliability 123, 125
BOOST_AUTO_TEST_CASE(an_agent_that_is_killed_in_a_repair_has_done_nothing_of_the_page_and_the_next_repair_does_it) {
  Club club;
  club.agent.start();
  club.agent.wait_streaming();
  club.found(plant(club));
  tests::Sql holder = club.target.session();
  holder.exec("BEGIN; LOCK TABLE people IN SHARE MODE");
  auto repaired = std::async(std::launch::async, [&] { return club.agent.command({"repair", "--delete-extra"}); });
  tests::wait_until(
      [&] {
        return club.target_admin
                   .query_value(
                       "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                       "application_name LIKE 'dispatch-sync/apply%' AND wait_event_type = 'Lock'")
                   .value() != "0";
      },
      "the repair waits for the table");
  club.agent.kill();
  holder.exec("COMMIT");
  const CommandResult cut_short = repaired.get();
  BOOST_TEST(cut_short.exit_code == 5, cut_short.err);
  BOOST_TEST(cut_short.err.find("again") != std::string::npos, cut_short.err);
  club.require_honest();
  club.agent.must({"repair", "--delete-extra"});
  club.bring_over();
  BOOST_CHECK_NO_THROW(club.require_equal());
}

// reliability 97, 123
BOOST_AUTO_TEST_CASE(what_was_refused_and_is_well_now_comes_with_a_repair_and_what_is_not_is_said) {
  const Club club("ALTER TABLE people ADD CONSTRAINT short CHECK (length(name) < 50);");
  club.source.exec("UPDATE person SET name = repeat('x', 60) WHERE id IN (5, 8)");
  club.source.exec("INSERT INTO person VALUES (300, 'waits', 55)");
  club.bring_over();
  const auto kept_out = [](const char* key, validate::FindingKind kind) {
    return validate::Finding{.route = "people", .kind = kind, .legacy_key = key};
  };
  club.found({kept_out("5", validate::FindingKind::Quarantined), kept_out("8", validate::FindingKind::WouldPass),
              kept_out("300", validate::FindingKind::Parked)});
  const auto left = [&] {
    const CommandResult repaired = club.agent.command({"repair", "--json"});
    BOOST_TEST(repaired.exit_code == 1, repaired.err);
    const auto json = nlohmann::json::parse(repaired.out);
    return json["quarantined"].dump() + " " + json["parked"].dump();
  };
  BOOST_TEST(left() == "2 1");
  club.target.exec("ALTER TABLE people DROP CONSTRAINT short");
  BOOST_TEST(left() == "0 1");
  club.source.exec("INSERT INTO team VALUES (55, 'late')");
  club.bring_over();
  BOOST_CHECK_NO_THROW(club.require_equal());
}

BOOST_AUTO_TEST_CASE(findings_of_another_mapping_are_not_repaired) {
  Club club;
  club.found({different("people", "5")});
  std::string& mapping = club.agent.options().mapping;
  mapping.replace(mapping.find("nick: nick.word"), 15, "nick: upper(nick.word)");
  club.agent.configure();
  club.agent.must({"snapshot"});
  for (const std::vector<std::string>& command : {std::vector<std::string>{"repair"}, {"repair", "--dry-run"}}) {
    const CommandResult refused = club.agent.command(command);
    BOOST_TEST(refused.exit_code == 6, refused.err);
    BOOST_TEST(refused.err.find("run `agent validate`, then repair") != std::string::npos, refused.err);
  }
}

// reliability 152
BOOST_AUTO_TEST_CASE(findings_of_other_databases_are_not_repaired) {
  const Club club;
  club.found({missing("people", "5")});
  const auto path = validate::FindingLog::path_in(club.agent.state_dir());
  validate::FindingOrigin origin = validate::FindingLog::read(path, {});
  const std::string own = origin.identity;
  origin.identity = "7600000000000000001/elsewhere 7600000000000000002/elsewhere dispatch_sync";
  validate::FindingLog log{path, origin};
  log.add(missing("people", "5"));
  log.finish();
  for (const std::vector<std::string>& command : {std::vector<std::string>{"repair"}, {"repair", "--dry-run"}}) {
    const CommandResult refused = club.agent.command(command);
    BOOST_TEST(refused.exit_code == 5, refused.err);
    BOOST_TEST(refused.err.find(own) != std::string::npos, refused.err);
    BOOST_TEST(refused.err.find(origin.identity) != std::string::npos, refused.err);
    BOOST_TEST(refused.err.find("run `agent validate`") != std::string::npos, refused.err);
    BOOST_TEST(refused.out.empty());
  }
}
