// Sessions and servers end: the agent comes back by itself where that can help, and says at once, with an exit code and a remedy, where it
// cannot. Its sessions depend on no setting that somebody else made.
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>
#include <set>
#include <string>

#include "tests/crash/staff.hpp"
#include "tests/faults/people.hpp"
#include "tests/support/wait.hpp"

using faults::People;
using tests::CommandResult;
using tests::wait_until;

namespace {

/// Purposes of the agent's sessions on a server that are connected now.
std::set<std::string> sessions(const tests::Database& admin, const std::string& database) {
  std::set<std::string> names;
  for (const auto& row :
       admin.query_rows("SELECT DISTINCT application_name FROM pg_stat_activity WHERE application_name LIKE "
                        "'dispatch-sync/%' AND datname = '" +
                        database + "'")) {
    names.insert(row.at(0).value());
  }
  return names;
}

/// Ends the sessions of this purpose; how many there were.
int end_sessions(const tests::Database& admin, const std::string& database, const std::string& purpose) {
  return std::stoi(admin
                       .query_value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '" +
                                    database + "' AND application_name = '" + purpose + "'")
                       .value());
}

struct Stop {
  const char* side;
  tests::StopMode mode;
};
std::ostream& operator<<(std::ostream& out, const Stop& stop) {
  return out << stop.side << (stop.mode == tests::StopMode::Fast ? " fast" : " immediate");
}
const Stop kStops[] = {{"source", tests::StopMode::Fast},
                       {"source", tests::StopMode::Immediate},
                       {"target", tests::StopMode::Fast},
                       {"target", tests::StopMode::Immediate}};

tests::Cluster& cluster_of(const Stop& stop) {
  tests::ReplicatedPair& servers = tests::shared_servers();
  return std::string(stop.side) == "source" ? servers.source_cluster : servers.target_cluster;
}

/// A role with a password, on either server; the rules of pg_hba.conf that trust everybody come after its own.
void require_password_of(tests::Cluster& cluster, const std::string& role, const std::string& attributes) {
  const std::filesystem::path path = cluster.data_dir() / "pg_hba.conf";
  std::ifstream in(path);
  const std::string rules((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  cluster.database().exec("SET password_encryption = 'scram-sha-256'; CREATE ROLE " + role +
                          " LOGIN PASSWORD 'first-secret' " + attributes);
  std::ofstream(path) << "host all,replication " << role << " 127.0.0.1/32 scram-sha-256\n" << rules;
  cluster.reload();
}

/// From another database, whose sessions do not have the settings that are to go.
void reset_settings(const tests::Cluster& cluster, const std::string& database) {
  cluster.database().exec("ALTER DATABASE " + database + " RESET ALL");
}

void log_everything(const tests::AgentUnderTest& agent) {
  std::ifstream in(agent.config_file());
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  text.replace(text.find("level: info"), 11, "level: debug");
  std::ofstream(agent.config_file()) << text;
}

void expect_silence(const std::string& text, const std::string& secret) {
  BOOST_TEST(text.find(secret) == std::string::npos, "\"" << secret << "\" is in: " << text);
}

}  // namespace

// reliability 96, 52: in the stream
BOOST_AUTO_TEST_CASE(each_session_that_somebody_ends_while_streaming_comes_back) {
  crash::Staff staff;
  tests::SmallPair& pair = staff.pair;
  pair.bring_over();
  pair.agent.start();
  pair.agent.wait_streaming();
  static_cast<void>(pair.agent.status());  // asks through the agent, which opens a session for it
  int n = 0;
  for (const tests::Database* admin : {&pair.source_admin, &pair.target_admin}) {
    auto names = sessions(*admin, pair.name);
    // Of those that were there, the ones that stay: some ask once and go.
    staff.change(n++);
    pair.agent.wait_applied();
    const auto later = sessions(*admin, pair.name);
    std::erase_if(names, [&](const std::string& name) { return !later.contains(name); });
    BOOST_TEST(!names.empty());
    for (const std::string& name : names) {
      staff.change(n++);
      // One may just be coming back from the end of another.
      wait_until([&] { return end_sessions(*admin, pair.name, name) > 0; }, name);
      staff.change(n++);
      pair.agent.wait_applied();
      pair.require_honest();
      BOOST_TEST_MESSAGE("ended " << name);
    }
  }
  BOOST_TEST(pair.agent.stop() == 0);
  staff.expect_equal();
}

// reliability 51, 52, 53, 96: in the snapshot
BOOST_AUTO_TEST_CASE(each_session_that_somebody_ends_in_the_snapshot_comes_back) {
  crash::Staff staff;
  tests::SmallPair& pair = staff.pair;
  std::optional<faults::HeldInserts> held(std::in_place, pair, "people");
  pair.agent.start();
  std::set<std::string> done;
  int n = 0;
  for (const tests::Database* admin : {&pair.source_admin, &pair.target_admin}) {
    for (bool is_more = true; is_more;) {
      held->wait();
      is_more = false;
      for (const std::string& name : sessions(*admin, pair.name)) {
        if (!done.insert(name).second) continue;
        staff.change(n++);
        end_sessions(*admin, pair.name, name);
        BOOST_TEST_MESSAGE("ended " << name);
        is_more = true;
        break;
      }
    }
  }
  BOOST_TEST(done.size() >= 4U);
  held.reset();
  pair.agent.wait_streaming();
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0);
  staff.expect_equal();
}

// reliability 128, 17
BOOST_DATA_TEST_CASE(a_server_that_is_restarted_is_found_again, boost::unit_test::data::make(kStops), stop) {
  crash::Staff staff;
  tests::SmallPair& pair = staff.pair;
  pair.bring_over();
  pair.agent.start();
  pair.agent.wait_streaming();
  for (int n = 0; n < 10; ++n) {
    staff.change(n);
  }
  staff.change_everything();
  // A fast shutdown of the source waits for what it has sent to be confirmed: it must not wait for ever.
  cluster_of(stop).stop(stop.mode);
  BOOST_TEST(pair.agent.is_running());
  cluster_of(stop).start();
  staff.change(20);
  pair.agent.wait_applied();
  pair.require_honest();
  // And once more with nothing to do.
  cluster_of(stop).restart(stop.mode);
  staff.change(21);
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0);
  staff.expect_equal();
}

// reliability 15
BOOST_AUTO_TEST_CASE(what_is_acknowledged_was_flushed_whatever_the_role_is_set_to) {
  People pair;
  pair.target_admin.exec("ALTER ROLE postgres IN DATABASE " + pair.name + " SET synchronous_commit = off");
  pair.target.exec(
      "CREATE TABLE seen (setting text UNIQUE); CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "INSERT "
      "INTO seen VALUES (current_setting('synchronous_commit')) ON CONFLICT DO NOTHING; RETURN NULL; END $$; CREATE "
      "TRIGGER see AFTER INSERT ON people EXECUTE FUNCTION see(); ALTER TABLE people ENABLE ALWAYS TRIGGER see");
  pair.bring_over();
  pair.add(1000, 1010);
  pair.bring_over();
  // In the snapshot and in the stream.
  BOOST_TEST(pair.on_target("SELECT string_agg(setting, ' ') FROM public.seen") == "on");
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 59, 153
BOOST_AUTO_TEST_CASE(settings_of_roles_and_databases_on_either_side_make_no_difference) {
  People pair(5000);
  const std::string hostile = " SET statement_timeout = '1ms'; ALTER DATABASE " + pair.name +
                              " SET idle_in_transaction_session_timeout = '1ms'; ALTER DATABASE " + pair.name +
                              " SET lock_timeout = '1ms'; ALTER DATABASE " + pair.name +
                              " SET default_transaction_read_only = on; ALTER DATABASE " + pair.name +
                              " SET default_transaction_isolation = 'serializable'; ALTER DATABASE " + pair.name +
                              " SET search_path = 'nowhere'; ALTER DATABASE " + pair.name +
                              " SET DateStyle = 'SQL, DMY'";
  pair.target_admin.exec("ALTER DATABASE " + pair.name + hostile);
  pair.source_admin.exec("ALTER DATABASE " + pair.name + " SET statement_timeout = '1ms'; ALTER DATABASE " + pair.name +
                         " SET idle_in_transaction_session_timeout = '1ms'; ALTER DATABASE " + pair.name +
                         " SET lock_timeout = '1ms'; ALTER DATABASE " + pair.name + " SET DateStyle = 'SQL, DMY'");
  pair.agent.must({"snapshot"});
  pair.agent.must({"sync", "--until-current"});
  reset_settings(tests::shared_servers().source_cluster, pair.name);
  pair.source.exec("UPDATE person SET name = name || '!'; DELETE FROM person WHERE id % 3 = 0");
  pair.agent.must({"sync", "--until-current"});
  reset_settings(tests::shared_servers().target_cluster, pair.name);
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 96
BOOST_AUTO_TEST_CASE(a_deadlock_with_the_new_application_is_lost_by_nobody_for_long) {
  People pair;
  pair.bring_over();
  // The agent is the one that notices.
  pair.target_admin.exec("ALTER DATABASE " + pair.name + " SET deadlock_timeout = '6s'");
  tests::Sql application = pair.target_admin.session();
  application.exec("SET deadlock_timeout = '1h'; BEGIN; SELECT FROM people WHERE legacy_id = 200 FOR UPDATE");
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.source.exec(
      "BEGIN; UPDATE team SET name = name || '!' WHERE id = 5; UPDATE person SET name = 'of the source' WHERE id = "
      "200; "
      "COMMIT");
  wait_until([&] { return pair.target_admin.query_value("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0"; },
             "the agent to wait for the application");
  application.exec("UPDATE teams SET name = name WHERE legacy_id = 5; COMMIT");
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0);
  BOOST_TEST(pair.agent.process().err().find("SQLSTATE 40P01") != std::string::npos, pair.agent.process().err());
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 119
BOOST_AUTO_TEST_CASE(a_privilege_that_is_lost_stops_the_agent_and_granted_again_it_catches_up) {
  People pair;
  pair.bring_over();
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.target_admin.exec(
      "ALTER TABLE people OWNER TO supabase_admin; REVOKE ALL ON people FROM postgres; GRANT SELECT ON people TO "
      "postgres");
  pair.add(1000, 1100);
  BOOST_TEST(pair.agent.wait() == 4);
  const std::string said = pair.agent.process().err();
  BOOST_TEST(said.find("SQLSTATE 42501") != std::string::npos, said);
  BOOST_TEST(said.find("remedy: grant") != std::string::npos, said);
  BOOST_TEST(said.find("people") != std::string::npos, said);
  BOOST_TEST(pair.quarantined() == "");
  pair.require_honest();
  pair.target_admin.exec("ALTER TABLE people OWNER TO postgres; GRANT ALL ON people TO postgres");
  pair.bring_over();
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 119
BOOST_AUTO_TEST_CASE(row_level_security_that_is_forced_on_a_target_table_stops_the_agent_before_it_writes_less) {
  People pair;
  pair.bring_over();
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.target_admin.exec("ALTER ROLE postgres NOBYPASSRLS");
  pair.target.exec("ALTER TABLE people ENABLE ROW LEVEL SECURITY; ALTER TABLE people FORCE ROW LEVEL SECURITY");
  pair.add(1000, 1100);
  BOOST_TEST(pair.agent.wait() == 4);
  const std::string said = pair.agent.process().err();
  BOOST_TEST(said.find("row-level security") != std::string::npos, said);
  const CommandResult again = pair.agent.command({"sync", "--until-current"});
  // The start sees it in the mapping's expressions first; it is no fault of theirs.
  BOOST_TEST(again.exit_code == 4, again.err);
  BOOST_TEST(again.err.find("mapping.yaml") == std::string::npos, again.err);
  BOOST_TEST(again.err.find("BYPASSRLS") != std::string::npos, again.err);
  pair.target_admin.exec("ALTER ROLE postgres BYPASSRLS");
  pair.bring_over();
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 57
BOOST_AUTO_TEST_CASE(a_table_that_cannot_be_read_is_told_and_after_the_grant_the_rest_is_copied) {
  People pair(5000);
  pair.source_admin.exec(
      "ALTER TABLE team OWNER TO postgres; REVOKE ALL ON team FROM dispatch; GRANT INSERT ON team TO dispatch");
  const CommandResult refused = pair.agent.command({"snapshot"});
  BOOST_TEST(refused.exit_code == 3, refused.err);
  BOOST_TEST(refused.err.find("team") != std::string::npos, refused.err);
  BOOST_TEST(refused.err.find("remedy:") != std::string::npos, refused.err);
  pair.source_admin.exec("ALTER TABLE team OWNER TO dispatch; GRANT ALL ON team TO dispatch");
  pair.bring_over();
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 96: no connection is left for the agent
BOOST_AUTO_TEST_CASE(connections_that_are_used_up_are_waited_for) {
  People pair;
  pair.bring_over();
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.target_admin.exec("ALTER ROLE postgres CONNECTION LIMIT 0");
  for (const std::string& name : sessions(pair.target_admin, pair.name)) {
    end_sessions(pair.target_admin, pair.name, name);
  }
  pair.source.exec("INSERT INTO person VALUES (1000, 'meanwhile', 1)");
  wait_until([&] { return pair.agent.process().err().find("SQLSTATE 53300") != std::string::npos; }, "the refusal");
  const CommandResult anew = pair.agent.command({"check"});
  BOOST_TEST(anew.exit_code == 4, anew.err);
  pair.target_admin.exec("ALTER ROLE postgres CONNECTION LIMIT -1");
  pair.agent.wait_applied();
  BOOST_TEST(pair.agent.stop() == 0);
  BOOST_CHECK_NO_THROW(pair.require_equal());
}

// reliability 99, 118, 172: on either side
BOOST_AUTO_TEST_CASE(a_password_that_is_changed_ends_the_run_at_once_and_appears_nowhere) {
  tests::ReplicatedPair& servers = tests::shared_servers();
  require_password_of(servers.source_cluster, "sourced", "REPLICATION SUPERUSER");
  require_password_of(servers.target_cluster, "targeted", "SUPERUSER");
  for (const bool is_source : {true, false}) {
    People pair;
    pair.agent.options().source_url = servers.source_cluster.tcp_url(pair.name, "sourced", "first-secret");
    pair.agent.options().target_url = servers.target_cluster.tcp_url(pair.name, "targeted", "first-secret");
    pair.agent.configure();
    log_everything(pair.agent);
    pair.agent.start();
    pair.agent.wait_streaming();
    pair.source.exec("INSERT INTO person VALUES (5000, 'planted-value', 1)");
    pair.agent.wait_applied();
    std::ifstream title("/proc/" + std::to_string(pair.agent.process().pid()) + "/cmdline");
    const std::string shown((std::istreambuf_iterator<char>(title)), std::istreambuf_iterator<char>());
    const std::string status = pair.agent.status();
    const tests::Database& admin = is_source ? pair.source_admin : pair.target_admin;
    admin.exec(std::string("ALTER ROLE ") + (is_source ? "sourced" : "targeted") + " PASSWORD 'second-secret'");
    for (const std::string& name : sessions(admin, pair.name)) {
      end_sessions(admin, pair.name, name);
    }
    pair.source.exec("INSERT INTO person VALUES (5001, 'planted-value', 1)");
    BOOST_TEST(pair.agent.wait() == (is_source ? 3 : 4), pair.agent.process().err());
    const std::string said = pair.agent.process().err();
    BOOST_TEST(said.find("SQLSTATE 28P01") != std::string::npos, said);
    BOOST_TEST(said.find("remedy:") != std::string::npos, said);
    for (const std::string& text : {shown, status, said, pair.agent.process().out()}) {
      expect_silence(text, "first-secret");
      expect_silence(text, "second-secret");
      expect_silence(text, "planted-value");
    }
    admin.exec(std::string("ALTER ROLE ") + (is_source ? "sourced" : "targeted") + " PASSWORD 'first-secret'");
    pair.bring_over();
    BOOST_CHECK_NO_THROW(pair.require_equal());
  }
}

// reliability 172: what the target refuses quotes rows in its own words
BOOST_AUTO_TEST_CASE(values_of_refused_rows_are_in_no_log_and_no_status) {
  People pair(1000);
  pair.bring_over();
  pair.target.exec(
      "ALTER TABLE people ADD CONSTRAINT short CHECK (length(name) < 20); CREATE UNIQUE INDEX one_name ON people "
      "(name); "
      "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.legacy_id = 1003 THEN RAISE "
      "EXCEPTION "
      "'no: %', NEW.name USING DETAIL = NEW.name, HINT = NEW.name; END IF; RETURN NEW; END $$; CREATE TRIGGER tell "
      "BEFORE "
      "INSERT ON people FOR EACH ROW EXECUTE FUNCTION tell(); ALTER TABLE people ENABLE ALWAYS TRIGGER tell");
  log_everything(pair.agent);
  pair.agent.start();
  pair.agent.wait_streaming();
  pair.source.exec(
      "INSERT INTO person VALUES (1001, 'planted-value-that-is-too-long', 1), (1002, 'planted-value', 1), (1003, "
      "'planted-value', 1), (1004, 'planted-value', 1)");
  pair.agent.wait_applied();
  BOOST_TEST(pair.quarantined() == "people 1001 23514\npeople 1003 P0001\npeople 1004 23505\n");
  const std::string listed =
      pair.agent.must({"quarantine", "list"}) + pair.agent.must({"quarantine", "list", "--json"});
  const std::string status = pair.agent.status();
  BOOST_TEST(pair.agent.stop() == 0);
  for (const std::string& text : {listed, status, pair.agent.process().err(), pair.agent.process().out()}) {
    expect_silence(text, "planted-value");
  }
  BOOST_TEST(pair.target_admin
                 .query_value("SELECT count(*) FROM dispatch_sync.quarantine WHERE message LIKE '%planted%' OR remedy "
                              "LIKE '%planted%'")
                 .value() == "0");
  // That is what `show` is for.
  BOOST_TEST(pair.agent.must({"quarantine", "show", "1001"}).find("planted-value-that-is-too-long") !=
             std::string::npos);
}
