#include "tests/support/cluster.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/replicated_pair.hpp"

namespace fs = std::filesystem;
using tests::Cluster;
using tests::StopMode;

BOOST_AUTO_TEST_SUITE(cluster)

BOOST_AUTO_TEST_CASE(statements_values_rows_and_nulls_come_back) {
  const Cluster cluster;
  const tests::Database database = cluster.database();
  BOOST_TEST(database.exec("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, NULL), (2, '')") == 2);
  const auto rows = database.query_rows("SELECT a, b FROM t ORDER BY a");
  BOOST_REQUIRE(rows.size() == 2U);
  BOOST_TEST(rows[0][0].value() == "1");
  BOOST_TEST(!rows[0][1].has_value());
  BOOST_TEST(rows[1][1].value() == "");
  BOOST_TEST(database.query_value("SELECT max(a) FROM t").value() == "2");
  BOOST_TEST(!database.query_value("SELECT a FROM t WHERE a = 9").has_value());
  BOOST_CHECK_EXCEPTION(database.exec("INSERT INTO missing VALUES (1)"), tests::SqlError,
                        [](const tests::SqlError& error) { return error.sqlstate() == "42P01"; });
}

BOOST_AUTO_TEST_CASE(a_file_is_loaded_with_variables_and_stops_at_its_first_error) {
  const Cluster cluster;
  const tests::TempDir directory("files");
  const fs::path good = directory.path() / "good.sql";
  std::ofstream(good) << "CREATE TABLE loaded AS SELECT :'word' AS word;\n\\echo done\n";
  cluster.database().load_file(good, {{"word", "it's"}});
  BOOST_TEST(cluster.database().query_value("SELECT word FROM loaded").value() == "it's");
  const fs::path bad = directory.path() / "bad.sql";
  std::ofstream(bad) << "SELECT 1/0;\nDROP TABLE loaded;\n";
  BOOST_CHECK_EXCEPTION(cluster.database().load_file(bad), std::runtime_error, [](const std::runtime_error& error) {
    return std::string(error.what()).find("division by zero") != std::string::npos;
  });
  BOOST_TEST(cluster.database().query_value("SELECT count(*) FROM loaded").value() == "1");
}

BOOST_AUTO_TEST_CASE(committed_rows_survive_a_restart_and_a_crash) {
  Cluster cluster({.listens_on_loopback = true});
  const tests::Database database{cluster.tcp_url(), cluster.client_dir()};
  database.exec("CREATE TABLE t AS SELECT 1 AS a");
  const auto port = cluster.port();
  cluster.restart(StopMode::Fast);
  BOOST_TEST(database.exec("INSERT INTO t VALUES (2)") == 1);
  cluster.stop(StopMode::Immediate);
  BOOST_TEST(!cluster.is_running());
  BOOST_CHECK_THROW(database.exec("SELECT 1"), tests::SqlError);
  cluster.start();
  BOOST_TEST(cluster.log().find("not properly shut down") != std::string::npos);
  BOOST_TEST(cluster.port() == port);
  BOOST_TEST(database.query_value("SELECT count(*) FROM t").value() == "2");
}

BOOST_AUTO_TEST_CASE(settings_can_be_given_and_changed) {
  Cluster cluster({.superuser = "boss", .wal_level = "logical", .conf = {"work_mem = '7MB'"}});
  const tests::Database database = cluster.database();
  BOOST_TEST(database.query_value("SHOW wal_level").value() == "logical");
  BOOST_TEST(database.query_value("SHOW work_mem").value() == "7MB");
  BOOST_TEST(database.query_value("SELECT current_user").value() == "boss");
  cluster.add_conf("work_mem = '9MB'");
  cluster.reload();
  BOOST_TEST(database.query_value("SHOW work_mem").value() == "9MB");
}

BOOST_AUTO_TEST_CASE(passwords_can_be_demanded) {
  const Cluster cluster({.hba = {"host all guarded 127.0.0.1/32 scram-sha-256"}, .listens_on_loopback = true});
  cluster.database().exec("CREATE ROLE guarded LOGIN PASSWORD 'right'");
  BOOST_CHECK_THROW(tests::Sql{cluster.tcp_url("postgres", "guarded", "wrong")}, tests::SqlError);
  BOOST_TEST(tests::Sql(cluster.tcp_url("postgres", "guarded", "right")).query_value("SELECT 1").value() == "1");
}

BOOST_AUTO_TEST_CASE(clusters_of_one_template_share_their_identity_unless_told_otherwise) {
  const Cluster first;
  const Cluster second;
  const Cluster third({.has_own_identity = true});
  const auto identity = [](const Cluster& cluster) {
    return cluster.database().query_value("SELECT system_identifier FROM pg_control_system()").value();
  };
  BOOST_TEST(identity(first) == identity(second));
  BOOST_TEST(identity(first) != identity(third));
}

BOOST_AUTO_TEST_CASE(nothing_is_left_of_a_cluster) {
  fs::path data;
  pid_t postmaster = 0;
  {
    const Cluster cluster;
    data = cluster.data_dir();
    std::ifstream(data / "postmaster.pid") >> postmaster;
    BOOST_REQUIRE(kill(postmaster, 0) == 0);
  }
  BOOST_TEST(!fs::exists(data));
  BOOST_TEST(kill(postmaster, 0) == -1);
}

BOOST_AUTO_TEST_CASE(missing_server_programs_say_what_to_install) {
  BOOST_CHECK_EXCEPTION(Cluster({.bin_dir = "/nowhere"}), std::runtime_error, [](const std::runtime_error& error) {
    return std::string(error.what()).find("scripts/setup-debian") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(a_line_that_the_server_refuses_is_shown) {
  BOOST_CHECK_EXCEPTION(
      Cluster({.conf = {"work_mem = 'much'"}}), std::runtime_error,
      [](const std::runtime_error& error) { return std::string(error.what()).find("work_mem") != std::string::npos; });
}

BOOST_AUTO_TEST_CASE(a_pair_has_its_databases_and_the_rights_that_the_agent_needs) {
  const tests::ReplicatedPair pair;
  pair.source.exec("CREATE TABLE thing (id int PRIMARY KEY)");
  tests::Sql agent(pair.agent_source_url());
  agent.exec("CREATE PUBLICATION p FOR TABLE thing");
  agent.exec("SELECT pg_create_logical_replication_slot('s', 'pgoutput')");
  agent.exec("SELECT pg_drop_replication_slot('s')");
  pair.target.exec("CREATE TABLE thing (id uuid PRIMARY KEY); CREATE SCHEMA dispatch_sync");
  BOOST_TEST(pair.target.query_value("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").value() == "f");
  BOOST_TEST(pair.target_admin.query_value("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").value() ==
             "t");
}

BOOST_AUTO_TEST_SUITE_END()
