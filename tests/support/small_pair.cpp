#include "tests/support/small_pair.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>

#include "tests/support/wait.hpp"

namespace tests {

namespace {

std::string next_name() {
  static int count = 0;
  return "small_" + std::to_string(++count);
}

const std::string& make_databases(const std::string& name, const std::string& source_encoding) {
  ReplicatedPair& servers = shared_servers();
  const std::string encoded =
      source_encoding.empty() ? "" : " TEMPLATE template0 LOCALE 'C' ENCODING '" + source_encoding + "'";
  servers.source_cluster.database().exec("CREATE DATABASE " + name + " OWNER dispatch" + encoded);
  servers.source_cluster.database(name).exec("GRANT CREATE ON DATABASE " + name +
                                             " TO dispatch_sync; ALTER SCHEMA public OWNER TO dispatch");
  servers.target_admin.exec("CREATE DATABASE " + name + " OWNER postgres");
  servers.target_cluster.database(name).exec("ALTER SCHEMA public OWNER TO postgres");
  return name;
}

}  // namespace

ReplicatedPair& shared_servers() {
  static ReplicatedPair servers(
      {.source_conf = {"max_replication_slots = 40", "max_wal_senders = 20", "max_prepared_transactions = 10"},
       .target_conf = {"max_connections = 80"},
       .listens_on_loopback = true});
  return servers;
}

SmallPair::SmallPair(const std::string& source_schema, const std::string& target_schema, const std::string& mapping,
                     const std::string& source_encoding)
    : name(make_databases(next_name(), source_encoding)),
      source(shared_servers().source_cluster.database(name, "dispatch")),
      target(shared_servers().target_cluster.database(name, "postgres")),
      source_admin(shared_servers().source_cluster.database(name)),
      target_admin(shared_servers().target_cluster.database(name)),
      agent({.source_url = shared_servers().source_cluster.url(name, "dispatch_sync"),
             .target_url = target.url(),
             .mapping = mapping,
             .slot = name}) {
  source.exec(source_schema);
  target.exec(target_schema);
}

SmallPair::~SmallPair() {
  try {
    if (agent.is_running()) {
      agent.kill();
    }
    const auto is_dropped = [this] {
      try {
        source_admin.exec("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '" +
                          name + "'");
        return true;
      } catch (const SqlError&) {
        return false;  // the server still notices that the agent is gone
      }
    };
    wait_until(is_dropped, "the slot to be free");
  } catch (const std::exception&) {
    // The servers go with the program anyway.
  }
}

void SmallPair::bring_over() const {
  // A snapshot that is finished would be repeated: the checkpoint is what tells whether there was one.
  const bool is_copied = target_admin.query_value("SELECT to_regclass('dispatch_sync.checkpoint')") &&
                         target_admin.query_value(
                             "SELECT count(*) FROM dispatch_sync.migration_control WHERE phase = "
                             "'snapshot' AND status = 'done'") != "0";
  if (!is_copied) {
    agent.must({"snapshot"});
  }
  agent.must({"sync", "--until-current"});
}

void SmallPair::make_ready() const {
  bring_over();
  agent.must({"validate"});
}

void SmallPair::require_honest() const {
  // The claims first: what is on the target only grows.
  const auto confirmed =
      source_admin.query_value("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '" + name + "'");
  const std::string shown = nlohmann::json::parse(agent.status()).at("applied_lsn").get<std::string>();
  const auto row =
      target_admin.query_value("SELECT applied_lsn FROM dispatch_sync.checkpoint WHERE slot = '" + name + "'");
  const auto is_beyond = [&](const std::string& lsn) {
    return target_admin.query_value("SELECT '" + lsn + "'::pg_lsn > '" + row.value_or("0/0") + "'") == "t";
  };
  if (is_beyond(shown) || (confirmed && is_beyond(*confirmed))) {
    throw std::runtime_error("the target holds everything up to " + row.value_or("nothing") + ", but the status says " +
                             shown + " and the slot " + confirmed.value_or("nothing"));
  }
}

std::string SmallPair::on_target(const std::string& query) const { return target.query_value(query).value_or(""); }

long SmallPair::counter(const std::string& route, const std::string& which) const {
  const nlohmann::json status = nlohmann::json::parse(agent.status());
  if (!status.at("balanced").get<bool>()) {
    throw std::runtime_error("the counters do not add up: " + status.dump());
  }
  for (const nlohmann::json& entry : status.at("routes")) {
    if (entry.at("name") == route) {
      return entry.at(which).get<long>();
    }
  }
  throw std::runtime_error("no route " + route);
}

std::string as_text(const std::vector<SqlRow>& rows) {
  std::string text;
  for (const SqlRow& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += (i == 0 ? "" : "|") + row[i].value_or("null");
    }
    text += '\n';
  }
  return text;
}

std::string differing_lines(const std::string& expected, const std::string& actual) {
  constexpr std::size_t kShown = 3;  // of each: enough to see a pattern
  const auto lines_of = [](const std::string& text) {
    std::istringstream stream(text);
    std::multiset<std::string> lines;
    for (std::string line; std::getline(stream, line);) {
      lines.insert(line);
    }
    return lines;
  };
  const auto only_in_first = [](const std::multiset<std::string>& first, const std::multiset<std::string>& second,
                                const std::string& mark) {
    std::vector<std::string> only;
    std::ranges::set_difference(first, second, std::back_inserter(only));
    std::string text;
    for (std::size_t i = 0; i < only.size() && i < kShown; ++i) {
      text += "\n" + mark + " " + only[i];
    }
    return text + (only.size() > kShown ? "\n" + mark + " and " + std::to_string(only.size() - kShown) + " more" : "");
  };
  const auto before = lines_of(expected);
  const auto after = lines_of(actual);
  return only_in_first(before, after, "-") + only_in_first(after, before, "+");
}

}  // namespace tests
