#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/faults/people.hpp"
#include "tests/support/wait.hpp"

using faults::People;
using tests::CommandResult;

namespace {

/// What keeps a cutover from beginning, as --dry-run tells it; asserts that it also keeps it from beginning.
std::string obstacles(const People& pair) {
  const CommandResult dry = pair.agent.command({"cutover", "--dry-run"});
  BOOST_TEST(dry.exit_code == 6, dry.out + dry.err);
  BOOST_TEST(pair.agent.command({"cutover", "--yes"}).exit_code == 6);
  BOOST_TEST(pair.on_target("SELECT count(*) FROM dispatch_sync.migration_control WHERE phase = 'cutover'") == "0");
  return dry.out;
}

void require_ready(const People& pair) {
  const CommandResult dry = pair.agent.command({"cutover", "--dry-run"});
  BOOST_TEST(dry.exit_code == 0, dry.out + dry.err);
}

bool tells(const std::string& text, const std::string& what) { return text.find(what) != std::string::npos; }

std::string last_validation(const People& pair, const std::string& columns) {
  return tests::as_text(pair.target.query_rows("SELECT " + columns +
                                               " FROM dispatch_sync.migration_control WHERE phase = 'validate' ORDER "
                                               "BY finished_at DESC LIMIT 1"));
}

}  // namespace

// reliability 104a
BOOST_AUTO_TEST_CASE(only_an_equal_validation_of_everything_since_the_last_snapshot_lets_a_cutover_begin) {
  People pair;
  pair.bring_over();
  BOOST_TEST(tells(obstacles(pair), "no validation of everything is on record for this mapping: run `agent validate`"));
  pair.agent.must({"validate", "--table", "person"});
  BOOST_TEST(pair.agent.command({"validate", "--counts-only"}).exit_code == 7);
  BOOST_TEST(tells(obstacles(pair), "no validation of everything is on record"));
  pair.agent.must({"validate"});
  BOOST_TEST(last_validation(pair,
                             "status, records_total, records_processed, records_failed, detail ->> 'match', "
                             "detail ->> 'complete', detail #>> '{census,source_rows,person}', started_at "
                             "< finished_at") == "done|310|310|0|true|true|300|t\n");
  require_ready(pair);

  pair.target.exec("UPDATE people SET name = 'spoilt' WHERE legacy_id = 5");
  BOOST_TEST(pair.agent.command({"validate"}).exit_code == 1);
  BOOST_TEST(last_validation(pair, "status, records_failed, detail ->> 'match'") == "done|1|false\n");
  pair.agent.must({"repair"});
  BOOST_TEST(tells(obstacles(pair), "found source and target not equal"));
  pair.agent.must({"validate"});
  require_ready(pair);

  pair.agent.must({"snapshot"});
  pair.bring_over();
  BOOST_TEST(tells(obstacles(pair), "a snapshot was taken since the last validation"));
  pair.agent.must({"validate"});
  require_ready(pair);

  std::string& mapping = pair.agent.options().mapping;
  const std::string column = "{ name: name, team_id";
  mapping.replace(mapping.find(column), column.size(), "{ name: upper(name), team_id");
  pair.agent.configure();
  const std::string changed = obstacles(pair);
  BOOST_TEST(tells(changed, "the mapping has changed"), changed);
  BOOST_TEST(tells(changed, "no validation of everything is on record for this mapping"), changed);
}

// reliability 104a
BOOST_AUTO_TEST_CASE(
    a_publication_that_the_role_may_not_drop_is_named_with_its_owner_before_anything_is_fenced_or_taken_back) {
  People pair;
  const std::string publication = pair.agent.options().publication;
  const std::string owner = pair.name + "_owner";
  // Of another database: this one takes no writes later.
  tests::Sql admin(tests::shared_servers().source_cluster.url("postgres", "postgres"));
  const std::string membership = owner + " TO dispatch_sync";
  pair.bring_over();
  pair.source_admin.exec("CREATE ROLE " + owner + "; ALTER PUBLICATION " + publication + " OWNER TO " + owner);
  pair.agent.must({"snapshot"});
  pair.make_ready();
  const auto require_told = [&](const std::string& text) {
    for (const std::string& what : {std::string("may not drop the publication"), "publication=" + publication,
                                    "owner=" + owner, std::string("GRANT " + membership)}) {
      BOOST_TEST(tells(text, what), what << " is missing in:\n" << text);
    }
  };
  require_told(obstacles(pair));
  const CommandResult snapshot = pair.agent.command({"rollback", "snapshot", "--yes"});
  BOOST_TEST(snapshot.exit_code == 6);
  require_told(snapshot.err);
  BOOST_TEST(pair.on_target("SELECT count(*) FROM people") == "300");
  admin.exec("GRANT " + membership);
  require_ready(pair);

  // Somebody takes it behind the point of no return: what keeps the last step is said, and it is finished, or gone back on.
  const auto cutover = pair.agent.begin({"cutover", "--yes"}, {{"AGENT_FAILPOINTS", "after_step_ended=kill@6"}});
  const int code = cutover->wait();
  BOOST_TEST_REQUIRE(code == tests::kKilled, code << "\n" << cutover->err());
  admin.exec("REVOKE " + owner + " FROM dispatch_sync");
  const CommandResult stuck = pair.agent.command({"cutover", "--yes"});
  BOOST_TEST(stuck.exit_code == 6);
  require_told(stuck.err);
  BOOST_TEST(tells(stuck.err, "`agent cutover` goes on"), stuck.err);
  const CommandResult back = pair.agent.command({"rollback", "cutover", "--yes"});
  BOOST_TEST(back.exit_code == 6);
  require_told(back.err);
  admin.exec("GRANT " + membership);
  pair.agent.must({"cutover", "--yes"});
  BOOST_TEST(pair.source_admin.query_value("SELECT count(*) FROM pg_publication").value() == "0");
  admin.exec("DROP ROLE " + owner);
}

// reliability 104a
BOOST_AUTO_TEST_CASE(a_target_that_is_further_behind_than_allowed_begins_no_cutover) {
  People pair;
  pair.agent.options().cutover = "{ max_lag: 1s }";
  pair.agent.configure();
  pair.make_ready();
  pair.agent.start();
  pair.agent.wait_streaming();
  {
    const faults::HeldInserts held{pair, "people"};
    pair.add(500, 500);
    held.wait();
    tests::wait_until(
        [&] {
          const CommandResult dry = pair.agent.command({"cutover", "--dry-run"});
          return dry.exit_code == 6 && tells(dry.out, "behind, more than 1 s (cutover.max_lag)");
        },
        "the target to be behind");
    BOOST_TEST(tells(obstacles(pair), "behind, more than 1 s (cutover.max_lag)"));
  }
  pair.agent.wait_applied();
  tests::wait_until(
      [&] {
        return pair.agent.command({"cutover", "--dry-run"}).exit_code == 0;
      },
      "the target to catch up");
}

// reliability 104a
BOOST_AUTO_TEST_CASE(a_target_that_nobody_keeps_up_begins_no_cutover) {
  People pair;
  pair.agent.options().cutover = "{ max_lag: 1s }";
  pair.agent.configure();
  pair.make_ready();
  pair.add(500, 500);
  tests::wait_until(
      [&] {
        const CommandResult dry = pair.agent.command({"cutover", "--dry-run"});
        return dry.exit_code == 6 && tells(dry.out, "behind, more than 1 s (cutover.max_lag)");
      },
      "the target to be behind");
  pair.agent.start();
  pair.agent.wait_applied();
  tests::wait_until(
      [&] {
        return pair.agent.command({"cutover", "--dry-run"}).exit_code == 0;
      },
      "the target to catch up");
}

// reliability 104a
BOOST_AUTO_TEST_CASE(an_unfinished_snapshot_begins_no_cutover) {
  People pair;
  {
    const faults::HeldInserts held{pair, "people"};
    pair.agent.start();
    held.wait();
    const std::string beside = obstacles(pair);
    BOOST_TEST(tells(beside, "the snapshot of route people is not finished"), beside);
    pair.agent.kill();
  }
  const std::string alone = obstacles(pair);
  BOOST_TEST(tells(alone, "the snapshot of route people is not finished"), alone);
}
