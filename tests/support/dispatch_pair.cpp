#include "tests/support/dispatch_pair.hpp"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace tests {

namespace {

const std::filesystem::path kExample = std::filesystem::path(DISPATCH_SOURCE_DIR) / "examples/dispatch";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw std::runtime_error("cannot read " + path.string());
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

AgentOptions agent_options(const ReplicatedPair& servers, const DispatchOptions& options) {
  return {.source_url = servers.agent_source_url(),
          .target_url = servers.agent_target_url(),
          .mapping = read_file(kExample / "mapping.yaml"),
          .workers = options.workers,
          .chunk_rows = options.chunk_rows};
}

/// The client programs of the servers first: scripts call psql by its name.
std::string path_with(const std::filesystem::path& bin_dir) {
  const char* path = std::getenv("PATH");
  return bin_dir.string() + ":" + (path != nullptr ? path : "/usr/bin:/bin");
}

std::string workload_call(std::int64_t seed, int transactions, double pause_ms, bool migrates) {
  return fmt::format("CALL workload.run({}, {}, {}, {})", seed, transactions, pause_ms, migrates);
}

RouteTally tally_of(const nlohmann::json& route) {
  return {route.at("read").get<std::int64_t>(), route.at("applied").get<std::int64_t>(),
          route.at("filtered").get<std::int64_t>(), route.at("parked").get<std::int64_t>(),
          route.at("quarantined").get<std::int64_t>()};
}

}  // namespace

std::string to_string(const RouteTally& tally) {
  return fmt::format("read {} = applied {} + filtered {} + parked {} + quarantined {}", tally.read, tally.applied,
                     tally.filtered, tally.parked, tally.quarantined);
}

DispatchPair::DispatchPair(const DispatchOptions& options)
    : servers({.source_conf = options.source_conf,
               .target_conf = options.target_conf,
               .listens_on_loopback = options.listens_on_loopback}),
      agent(agent_options(servers, options)) {
  run({.program = kExample / "load",
       .args = {servers.source.url(), "--scale", options.scale},
       .environment = {{"PATH", path_with(servers.source_cluster.client_dir())}}});
  servers.source.load_file(kExample / "workload.sql");
  servers.target.load_file(kExample / "target.sql");
}

void DispatchPair::workload(std::int64_t seed, int transactions, bool migrates) const {
  servers.source.exec(workload_call(seed, transactions, 0, migrates));
}

std::unique_ptr<Process> DispatchPair::start_workload(std::int64_t seed, int transactions, double pause_ms) const {
  return std::make_unique<Process>(
      ProcessOptions{.program = servers.source_cluster.client_dir() / "psql",
                     .args = {"-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", servers.source.url(), "-c",
                              workload_call(seed, transactions, pause_ms, false)}});
}

namespace {

CommandResult compare(const ReplicatedPair& servers, std::vector<std::string> options) {
  // As superuser, whom row-level security hides nothing from. Several comparisons may follow each other.
  options.insert(options.begin(), {servers.source_admin.url(), servers.target_admin.url()});
  Process process({.program = kExample / "compare",
                   .args = std::move(options),
                   .environment = {{"PATH", path_with(servers.source_cluster.client_dir())}}});
  CommandResult result;
  result.exit_code = process.wait(std::chrono::minutes(5));
  result.out = process.out();
  result.err = process.err();
  return result;
}

}  // namespace

namespace {

std::map<std::string, RouteTally> tallies_of(const nlohmann::json& status) {
  std::map<std::string, RouteTally> result;
  for (const nlohmann::json& route : status.at("routes")) {
    result.emplace(route.at("name").get<std::string>(), tally_of(route));
  }
  return result;
}

}  // namespace

std::vector<std::string> DispatchPair::differences_from_oracle() const {
  const CommandResult result = compare(servers, {"--json"});
  if (result.exit_code > 1) throw std::runtime_error("the oracle could not compare:\n" + result.err + result.out);
  const nlohmann::json report = nlohmann::json::parse(result.out);
  const nlohmann::json status = nlohmann::json::parse(agent.status());
  const auto actual = tallies_of(status);
  std::vector<std::string> differences;
  if (!status.at("balanced").get<bool>()) differences.emplace_back("the agent's counters do not add up");
  if (report.at("routes").size() != actual.size()) {
    differences.push_back(
        fmt::format("the oracle has {} routes, the agent {}", report.at("routes").size(), actual.size()));
  }
  for (const nlohmann::json& route : report.at("routes")) {
    const std::string name = route.at("name").get<std::string>();
    const auto missing = route.at("missing").get<std::int64_t>();
    const auto extra = route.at("extra").get<std::int64_t>();
    const auto different = route.at("different").get<std::int64_t>();
    if (missing + extra + different != 0) {
      differences.push_back(fmt::format("{}: missing {}, extra {}, different {}: {}", name, missing, extra, different,
                                        route.at("examples").dump()));
    }
    const RouteTally expected = tally_of(route.at("expected"));
    const auto found = actual.find(name);
    if (found == actual.end()) {
      differences.push_back("the agent has no route " + name);
    } else if (found->second != expected) {
      differences.push_back(
          fmt::format("{}: the agent counts {}; the oracle {}", name, to_string(found->second), to_string(expected)));
    }
  }
  if (result.exit_code != 0 && differences.empty())
    differences.push_back("the oracle found differences: " + result.out);
  return differences;
}

void DispatchPair::expect_equal_to_oracle() const {
  const std::vector<std::string> differences = differences_from_oracle();
  BOOST_TEST(differences.empty(), differences.size() << " differences from the oracle");
  for (const std::string& difference : differences) {
    BOOST_ERROR(difference);
  }
}

std::map<std::string, RouteTally> DispatchPair::counters() const {
  const nlohmann::json status = nlohmann::json::parse(agent.status());
  BOOST_TEST(status.at("balanced").get<bool>());
  return tallies_of(status);
}

std::map<std::string, RouteTally> DispatchPair::generated_tally() const {
  std::map<std::string, RouteTally> result;
  for (const SqlRow& row : servers.source.query_rows(read_file(kExample / "expected.sql"))) {
    const auto number = [&row](std::size_t column) { return std::stoll(row.at(column).value()); };
    result.emplace(row.at(0).value(), RouteTally{number(1), number(2), number(3), number(4), number(5)});
  }
  return result;
}

}  // namespace tests
