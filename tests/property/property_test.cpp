#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "tests/property/agent_driver.hpp"
#include "tests/property/model.hpp"
#include "tests/property/oracle.hpp"
#include "tests/property/random.hpp"
#include "tests/property/workload.hpp"
#include "tests/support/replicated_pair.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/wait.hpp"

namespace {

using tests::Random;

constexpr int kTransactionsBefore = 25;
constexpr int kTransactionsPerStage = 60;

/// One random world, from empty databases to the comparison.
class World {
 public:
  explicit World(std::uint64_t seed)
      : random_(seed),
        model_(tests::Model::draw(random_)),
        workload_(model_, random_),
        agent_(pair_, tests::mapping_yaml(model_),
               {.batch_rows = 1 + random_.below(random_.chance(30) ? 3 : 300),
                .memory_mb = model_.has_large_transactions ? 1U : 64U,
                .chunk_rows = 100 + random_.below(60)}) {
    pair_.source.exec(tests::source_schema_sql(model_));
    if (model_.has_large_transactions)
      pair_.source_admin.exec("ALTER DATABASE dispatch SET logical_decoding_work_mem = '64kB'");
    pair_.target_admin.exec(
        "CREATE SCHEMA IF NOT EXISTS extensions; CREATE EXTENSION \"uuid-ossp\" WITH SCHEMA extensions");
    pair_.target.exec(tests::target_schema_sql(model_));
    if (!model_.has_replica_mode)
      pair_.target_admin.exec("REVOKE SET ON PARAMETER session_replication_role FROM postgres");
    for (int i = 0; i < 8; ++i) source_.exec(workload_.filling());
    work(kTransactionsBefore);
  }

  /// Snapshot and stream under load, killed once on the way, then up to date.
  void live() {
    auto agent = agent_.start({"run"});
    work(kTransactionsPerStage);
    if (random_.chance(50)) {
      agent->kill(SIGKILL);
      agent->wait();
      log_ += agent->err() + "killed\n";
      work(kTransactionsPerStage / 4);
      agent = agent_.start({"run"});
    }
    work(kTransactionsPerStage);
    require_streaming(*agent);
    work(kTransactionsPerStage);
    agent->kill(SIGTERM);
    BOOST_TEST(agent->wait() == 0, agent->err());
    log_ += agent->err();
    work(kTransactionsPerStage / 2);
    catch_up();
  }

  void expect_equal(tests::StaticJoins joins = tests::StaticJoins::MayBeOld) {
    copy_source();
    tests::Sql judge = pair_.target_admin.session();
    tests::Oracle oracle{model_, judge};
    const std::vector<std::string> differences = oracle.differences(joins);
    for (const std::string& difference : differences) BOOST_ERROR(difference);
    if (!differences.empty()) {
      BOOST_TEST_MESSAGE(tests::mapping_yaml(model_));
      BOOST_TEST_MESSAGE(agent_.run({"quarantine", "list"}));
      BOOST_TEST_MESSAGE(log_);
    }
    const auto status = nlohmann::json::parse(agent_.run({"status", "--json"}));
    BOOST_TEST(status.at("balanced").get<bool>());
    for (std::size_t i = 0; i < model_.routes.size(); ++i) {
      const auto& counters = status.at("routes").at(i);
      for (const char* name : {"applied", "filtered", "parked", "quarantined"}) {
        BOOST_TEST(counters.at(name).get<long>() == oracle.rows_with(model_.routes[i], name),
                   model_.routes[i].name << " " << name << ": the agent says " << counters.at(name) << ", the oracle "
                                         << oracle.rows_with(model_.routes[i], name));
      }
    }
  }

  /// With good data nobody is kept out any more.
  void settle_claims() {
    if (!model_.has_claims()) return;
    source_.exec(workload_.settlement());
    catch_up();
    expect_equal();
  }

  /// A second snapshot finds nothing to do but what static joins missed. It tries what is refused once more: what refers to such a row may be written twice for that, and is
  /// what it was.
  void expect_settled() {
    const auto result = nlohmann::json::parse(agent_.run({"snapshot", "--json"}));
    if (model_.is_refusing || model_.has_static_joins()) {
      expect_equal(tests::StaticJoins::AreCurrent);
      return;
    }
    BOOST_TEST(result.at("rows_written").get<long>() == 0);
    BOOST_TEST(result.at("rows_removed").get<long>() == 0);
  }

 private:
  void work(int transactions) {
    for (int i = 0; i < transactions; ++i) source_.exec(workload_.transaction());
  }

  void catch_up() {
    agent_.run({"sync", "--until-current"});
    if (!model_.has_quarantine()) return;
    const auto retry = agent_.start({"quarantine", "retry"});
    BOOST_TEST(retry->wait() <= 1, retry->err());  // 1: some are refused again
  }

  void require_streaming(tests::Process& agent) {
    tests::wait_until(
        [&] {
          if (!agent.is_running()) BOOST_FAIL("the agent ended: " + agent.err());
          const auto asked = agent_.start({"status", "--json"});
          if (asked->wait() != 0) return false;  // it is still starting
          return nlohmann::json::parse(asked->out()).at("phase") == "streaming";
        },
        "the agent streams", std::chrono::seconds(60));
  }

  /// By the servers' own tools, which share nothing with the program.
  void copy_source() {
    const tests::TempDir directory{"dump"};
    const auto file = directory.path() / "legacy.sql";
    tests::run({.program = pair_.source_cluster.client_dir() / "pg_dump",
                .args = {"--schema=legacy", "--no-owner", "--no-privileges", "--no-publications",
                         "--file=" + file.string(), "--dbname=" + pair_.source_admin.url()}});
    pair_.target_admin.exec("DROP SCHEMA IF EXISTS legacy CASCADE; DROP SCHEMA IF EXISTS oracle CASCADE");
    pair_.target_admin.load_file(file);
  }

  std::string log_;
  Random random_;
  tests::ReplicatedPair pair_;
  tests::Model model_;
  tests::Workload workload_;
  tests::AgentDriver agent_;
  tests::Sql source_ = pair_.source.session();
};

/// TEST_SEED repeats one world; PROPERTY_WORLDS asks for more or fewer of them, from there on.
std::vector<std::uint64_t> seeds() {
  const char* const wanted = std::getenv("PROPERTY_WORLDS");
  const std::size_t count = wanted != nullptr ? std::stoull(wanted) : std::getenv("TEST_SEED") != nullptr ? 1 : 10;
  std::vector<std::uint64_t> all(count);
  std::iota(all.begin(), all.end(), tests::seed());
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(property)

// reliability 49, 50, 62, 69 to 75, 79, 83, 85, 88, 92, 97
BOOST_AUTO_TEST_CASE(whatever_the_source_does_the_target_equals_what_the_mapping_means) {
  for (const std::uint64_t seed : seeds()) {
    BOOST_TEST_CONTEXT("TEST_SEED=" << seed) {
      BOOST_TEST_MESSAGE("world TEST_SEED=" << seed);
      World world{seed};
      world.live();
      world.expect_equal();
      world.expect_settled();
      world.settle_claims();
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
