#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "tests/faults/people.hpp"
#include "tests/support/wait.hpp"

using faults::People;
using tests::CommandResult;

namespace {

/// Both tables' rights, and the database's settings: everything that a fence may touch. NULL and its meaning written out are the same.
std::string rights(const People& pair) {
  return tests::as_text(pair.source_admin.query_rows(R"sql(
      SELECT c.relname, '' AS att, a.grantor::regrole, a.grantee::regrole, a.privilege_type, a.is_grantable
      FROM pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
      WHERE c.relname IN ('person', 'team')
      UNION ALL
      SELECT c.relname, t.attname, a.grantor::regrole, a.grantee::regrole, a.privilege_type, a.is_grantable
      FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
      WHERE c.relname IN ('person', 'team')
      UNION ALL
      SELECT 'database', s.setrole::text, 0::regrole, 0::regrole, s.setconfig::text, false
      FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database()
      ORDER BY 1, 2, 3, 4, 5)sql"));
}

bool may_write(const People& pair, const std::string& role = "dispatch") {
  return pair.source_admin.query_value("SELECT has_table_privilege('" + role +
                                       "', 'person', 'INSERT, UPDATE, DELETE, TRUNCATE')") == "t";
}

bool takes_writes(const People& pair) {
  try {
    pair.source.exec("UPDATE person SET name = name WHERE id = 1");
    return true;
  } catch (const tests::SqlError&) {
    return false;
  }
}

void configure_cutover(People& pair, const std::string& section) {
  pair.agent.options().cutover = section;
  pair.agent.configure();
}

/// The agent's role does not own the database any more, only the tables.
void take_database_from_agent(const People& pair) {
  pair.source_admin.exec("ALTER DATABASE " + pair.name + " OWNER TO postgres");
}

/// Executable, next to agent.yaml; returns its path.
std::string script(const People& pair, const std::string& name, const std::string& body) {
  const std::filesystem::path path = pair.agent.directory() / name;
  std::ofstream(path) << "#!/bin/sh\n" << body << '\n';
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path.string();
}

bool is_there(const People& pair, const std::string& file) {
  return std::filesystem::exists(pair.agent.directory() / file);
}

/// Writes as fast as it can, in sessions that begin with `prelude`, until it is destroyed or `stops` says so.
class Writer {
 public:
  Writer(
      const tests::Database& database, std::string prelude, std::function<bool()> stops = [] { return false; })
      : thread_([&database, prelude = std::move(prelude), stops = std::move(stops)](const std::stop_token& stop) {
          while (!stop.stop_requested() && !stops()) {
            try {
              tests::Sql session = database.session();
              if (!prelude.empty()) session.exec(prelude);
              while (!stop.stop_requested() && !stops())
                session.exec("UPDATE person SET name = name || '.' WHERE id = 7");
            } catch (const tests::SqlError&) {
              std::this_thread::yield();
            }
          }
        }) {}

 private:
  std::jthread thread_;
};

/// Ends a cutover at the begin of `step` by kill -9, with the fence up.
void kill_at(const People& pair, const std::string& step) {
  const auto cutover = pair.agent.begin({"cutover", "--yes"});
  cutover->wait_for_line(step);
  cutover->kill(SIGKILL);
  cutover->wait();
}

void require_refused(const CommandResult& result, const std::string& what) {
  BOOST_TEST(result.exit_code == 6, result.err);
  BOOST_TEST(result.err.find(what) != std::string::npos, result.err);
}

}  // namespace

// reliability 104b, 104c
BOOST_AUTO_TEST_CASE(rights_that_were_revoked_are_given_back_exactly) {
  People pair;
  take_database_from_agent(pair);
  const std::string role = pair.name;
  pair.source_admin.exec("CREATE ROLE \"" + role + " Boss\" LOGIN; CREATE ROLE " + role + "_clerk LOGIN; GRANT \"" +
                         role + " Boss\" TO dispatch_sync; ALTER DATABASE " + pair.name +
                         " SET default_transaction_read_only = 'off'");
  pair.source.exec("GRANT SELECT, INSERT, DELETE ON person TO \"" + role +
                   " Boss\" WITH GRANT OPTION; GRANT UPDATE (name) ON person TO PUBLIC; GRANT TRUNCATE ON team TO " +
                   role + "_clerk; REVOKE DELETE ON team FROM dispatch");
  pair.source_admin.exec("SET ROLE \"" + role + " Boss\"; GRANT INSERT, DELETE ON person TO " + role + "_clerk");
  pair.make_ready();
  const std::string before = rights(pair);

  kill_at(pair, "drain:");
  BOOST_TEST(!may_write(pair));
  BOOST_TEST(!may_write(pair, role + "_clerk"));
  BOOST_TEST(*pair.source_admin.query_value("SELECT has_column_privilege('" + role +
                                            "_clerk', 'person', 'name', 'UPDATE')") == "f");
  BOOST_TEST(*pair.source_admin.query_value("SELECT has_table_privilege('dispatch', 'person', 'SELECT')") == "t");
  // What is up is what is taken down, whatever the configuration says now.
  configure_cutover(pair, "{ fence: read_only }");
  pair.agent.must({"cutover", "--abort"});
  BOOST_TEST(rights(pair) == before);
  BOOST_TEST(takes_writes(pair));

  // And at the end of a cutover and its way back.
  configure_cutover(pair, "{ fence: revoke }");
  pair.make_ready();
  pair.agent.must({"cutover", "--yes"});
  BOOST_TEST(!takes_writes(pair));
  pair.agent.must({"rollback", "cutover", "--yes"});
  BOOST_TEST(rights(pair) == before);
  pair.source_admin.exec("DROP OWNED BY \"" + role + " Boss\", " + role + "_clerk CASCADE; DROP ROLE \"" + role +
                         " Boss\", " + role + "_clerk");
}

// reliability 104b
BOOST_AUTO_TEST_CASE(a_transaction_that_cannot_be_ended_is_waited_for_and_what_it_wrote_is_brought_over) {
  People pair;
  take_database_from_agent(pair);
  pair.make_ready();
  tests::Sql superuser = pair.source_admin.session();
  superuser.exec("BEGIN; UPDATE person SET name = 'late' WHERE id = 9");
  const auto cutover = pair.agent.begin({"cutover", "--yes"});
  tests::wait_until([&] { return !may_write(pair); }, "the rights to be revoked");
  BOOST_TEST(cutover->is_running());
  superuser.exec("COMMIT");
  BOOST_TEST(cutover->wait() == 0, cutover->err());
  BOOST_TEST(pair.on_target("SELECT name FROM people WHERE legacy_id = 9") == "late");
}

// reliability 104b
BOOST_AUTO_TEST_CASE(a_transaction_that_does_not_end_takes_the_fence_down_again) {
  People pair;
  take_database_from_agent(pair);
  configure_cutover(pair, "{ fence_timeout: 1s }");
  pair.make_ready();
  const std::string before = rights(pair);
  tests::Sql superuser = pair.source_admin.session();
  superuser.exec("BEGIN; UPDATE person SET name = 'late' WHERE id = 9");
  const CommandResult result = pair.agent.command({"cutover", "--yes"});
  BOOST_TEST(result.exit_code == 3, result.err);
  BOOST_TEST(result.err.find("transactions of others on the source do not end") != std::string::npos, result.err);
  BOOST_TEST(result.err.find("pid " + std::to_string(superuser.backend_pid())) != std::string::npos, result.err);
  superuser.exec("ROLLBACK");
  BOOST_TEST(rights(pair) == before);
  BOOST_TEST(takes_writes(pair));
}

// reliability 104b
BOOST_AUTO_TEST_CASE(a_superuser_whom_no_revoked_right_keeps_away_is_found) {
  People pair;
  configure_cutover(pair, "{ fence: revoke }");
  pair.make_ready();
  const std::string before = rights(pair);
  const CommandResult dry = pair.agent.command({"cutover", "--dry-run"});
  BOOST_TEST(dry.out.find("REVOKE UPDATE ON public.person FROM dispatch CASCADE") != std::string::npos, dry.out);
  BOOST_TEST(dry.out.find("postgres (superuser)") != std::string::npos, dry.out);
  pair.agent.start();
  pair.agent.wait_streaming();
  {
    const Writer writer{pair.source_admin, ""};
    require_refused(pair.agent.command({"cutover", "--yes"}), "in spite of the fence");
  }
  BOOST_TEST(rights(pair) == before);
  pair.agent.wait_applied();
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 104b
BOOST_AUTO_TEST_CASE(an_owner_who_takes_his_rights_back_is_found) {
  People pair;
  configure_cutover(pair, "{ fence: revoke }");
  pair.make_ready();
  pair.agent.start();
  pair.agent.wait_streaming();
  {
    const Writer writer{pair.source, "GRANT ALL ON person TO dispatch"};
    const CommandResult result = pair.agent.command({"cutover", "--yes"});
    BOOST_TEST(result.exit_code == 6, result.err);
    BOOST_TEST(result.err.find("aborted, the source takes writes again") != std::string::npos, result.err);
  }
  BOOST_TEST(takes_writes(pair));
  pair.agent.wait_applied();
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 104b
BOOST_AUTO_TEST_CASE(a_command_of_the_operators_stops_the_application_and_starts_it_again) {
  People pair;
  const std::string stop =
      script(pair, "stop-app", "echo $DISPATCH_SYNC_FENCE $DISPATCH_SYNC_DATABASE > down; env > seen");
  const std::string start = script(pair, "start-app", "rm down");
  configure_cutover(pair, "{ fence: command, fence_command: [" + stop + "], lift_command: " + start + " }");
  pair.make_ready();
  pair.agent.start();
  pair.agent.wait_streaming();
  {
    const Writer application{pair.source, "", [&] { return is_there(pair, "down"); }};
    pair.agent.must({"cutover", "--yes"});
  }
  BOOST_TEST(pair.agent.wait() == 0);
  BOOST_CHECK_NO_THROW(pair.require_equal());
  std::ifstream seen(pair.agent.directory() / "seen");
  const std::string environment{std::istreambuf_iterator<char>(seen), {}};
  BOOST_TEST(environment.find("DISPATCH_SYNC_FENCE=up") != std::string::npos, environment);
  BOOST_TEST(environment.find("postgresql:") == std::string::npos, environment);
  pair.agent.must({"rollback", "cutover", "--yes"});
  BOOST_TEST(!is_there(pair, "down"));
}

// reliability 104b
BOOST_AUTO_TEST_CASE(a_command_that_leaves_writers_is_not_believed) {
  People pair;
  const std::string nothing = script(pair, "nothing", "exit 0");
  configure_cutover(
      pair, "{ fence: command, fence_command: " + nothing + ", lift_command: " + nothing + ", fence_timeout: 1s }");
  pair.make_ready();
  {
    const Writer application{pair.source, ""};
    require_refused(pair.agent.command({"cutover", "--yes"}), "sessions of roles that may write are connected");
  }
  BOOST_TEST(takes_writes(pair));
  // One who comes only afterwards is found as well.
  const std::string late = script(pair, "late", "echo up > fenced");
  configure_cutover(pair, "{ fence: command, fence_command: " + late + ", lift_command: " + nothing + " }");
  {
    const auto cutover = pair.agent.begin({"cutover", "--yes"});
    cutover->wait_for_line("drain:");
    const Writer application{pair.source, ""};
    BOOST_TEST(cutover->wait() == 6, cutover->err());
  }
  pair.bring_over();
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 104b
BOOST_AUTO_TEST_CASE(a_command_that_fails_hangs_or_babbles_takes_the_fence_down_again) {
  People pair;
  pair.make_ready();
  const std::string lift = script(pair, "lift", "echo $DISPATCH_SYNC_FENCE >> lifted");
  struct Bad {
    std::string body;
    std::string told;
  };
  for (const Bad& bad :
       {Bad{"echo first; echo 'no such deployment' >&2; exit 3", "no such deployment"},
        Bad{"trap '' TERM; sleep 300 & wait", "does not end"},
        Bad{"head -c 300000 /dev/urandom; exit 1", "exit code 1"}, Bad{"kill -SEGV $$", "signal 11"}}) {
    BOOST_TEST_CONTEXT(bad.body) {
      configure_cutover(pair, "{ fence: command, fence_command: " + script(pair, "fence", bad.body) +
                                  ", lift_command: " + lift + ", fence_timeout: 1s }");
      require_refused(pair.agent.command({"cutover", "--yes"}), bad.told);
      BOOST_TEST(is_there(pair, "lifted"));
      std::filesystem::remove(pair.agent.directory() / "lifted");
      BOOST_TEST(takes_writes(pair));
    }
  }
  // No file there.
  configure_cutover(pair, "{ fence: command, fence_command: /no/such/program, lift_command: " + lift + " }");
  require_refused(pair.agent.command({"cutover", "--yes"}), "cannot be started");
}

// reliability 104b, 104c
BOOST_AUTO_TEST_CASE(a_lift_that_fails_says_that_the_source_is_still_fenced_and_is_tried_again) {
  People pair;
  pair.make_ready();
  const std::string fence = script(pair, "fence", "exit 0");
  const std::string lift = script(pair, "lift", "test -e allowed");
  configure_cutover(pair, "{ fence: command, fence_command: " + fence + ", lift_command: " + lift + " }");
  pair.target.exec("UPDATE people SET name = 'spoilt' WHERE legacy_id = 5");
  const CommandResult result = pair.agent.command({"cutover", "--yes"});
  BOOST_TEST(result.exit_code == 6, result.err);
  BOOST_TEST(result.err.find("agent cutover --abort") != std::string::npos, result.err);
  BOOST_TEST(nlohmann::json::parse(pair.agent.status()).at("phase") == "cutover");
  std::ofstream(pair.agent.directory() / "allowed") << "yes";
  pair.agent.must({"cutover", "--abort"});
  BOOST_TEST(nlohmann::json::parse(pair.agent.status()).at("phase") != "cutover");
}

// reliability 104a
BOOST_AUTO_TEST_CASE(a_role_without_any_right_to_fence_is_told_so_by_check_and_refused) {
  People pair;
  const std::string role = pair.name + "_poor";
  pair.source_admin.exec("CREATE ROLE " + role + " LOGIN REPLICATION; GRANT CREATE ON DATABASE " + pair.name + " TO " +
                         role + "; ALTER DATABASE " + pair.name + " OWNER TO postgres");
  pair.make_ready();
  BOOST_TEST(pair.agent.must({"check"}).find("the first of these is used: revoke") != std::string::npos);
  pair.source.exec("GRANT SELECT ON ALL TABLES IN SCHEMA public TO " + role);
  pair.agent.options().source_url = tests::shared_servers().source_cluster.url(pair.name, role);
  pair.agent.configure();
  const CommandResult check = pair.agent.command({"check"});
  BOOST_TEST(check.out.find("no fence can be put up") != std::string::npos, check.out);
  BOOST_TEST(check.out.find("read_only: the agent's role does not own the database") != std::string::npos, check.out);
  BOOST_TEST(check.out.find("revoke: the agent's role does not own public.person, public.team") != std::string::npos,
             check.out);
  require_refused(pair.agent.command({"cutover", "--yes"}), "no fence is possible");
  BOOST_TEST(pair.on_target("SELECT count(*) FROM dispatch_sync.migration_control WHERE phase = 'cutover'") == "0");
  pair.source_admin.exec("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

// reliability 104b
BOOST_AUTO_TEST_CASE(a_reader_who_comes_behind_the_fence_and_cannot_be_ended_is_in_nobodys_way) {
  People pair;
  const std::string role = pair.name + "_monitor";
  pair.source_admin.exec("CREATE ROLE " + role + " LOGIN");
  pair.make_ready();
  pair.target.exec("UPDATE people SET name = 'spoilt' WHERE legacy_id = 5");
  const auto cutover = pair.agent.begin({"cutover", "--yes"});
  cutover->wait_for_line("drain:");
  {
    tests::Sql hidden(tests::shared_servers().source_cluster.url(pair.name, role));
    BOOST_TEST(cutover->wait() == 1, cutover->err());
    BOOST_TEST(hidden.query_value("SELECT 1").value() == "1");
  }
  BOOST_TEST(takes_writes(pair));
  tests::wait_until(
      [&] {
        return pair.source_admin.query_value("SELECT count(*) FROM pg_stat_activity WHERE usename = '" + role + "'") ==
               "0";
      },
      "that session to be gone");
  pair.source_admin.exec("DROP ROLE " + role);
}

// reliability 104a
BOOST_AUTO_TEST_CASE(sessions_that_the_role_may_not_see_keep_it_from_a_read_only_fence) {
  People pair;
  const std::string role = pair.name + "_other";
  pair.source_admin.exec("CREATE ROLE " + role + " LOGIN");
  pair.make_ready();
  {
    tests::Sql hidden(tests::shared_servers().source_cluster.url(pair.name, role));
    const std::string check = pair.agent.must({"check"});
    BOOST_TEST(check.find("may not see or end sessions of " + role) != std::string::npos, check);
    BOOST_TEST(check.find("the first of these is used: revoke") != std::string::npos, check);
  }
  tests::wait_until(
      [&] { return pair.agent.must({"check"}).find("the first of these is used: read_only") != std::string::npos; },
      "that session to be gone");
  pair.source_admin.exec("DROP ROLE " + role);
}
