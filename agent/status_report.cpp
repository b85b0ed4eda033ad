#include "agent/status_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.hpp"

namespace agent {

namespace {

constexpr std::array kPhases = {Phase::Snapshot, Phase::Streaming, Phase::Stopped, Phase::Cutover, Phase::Done};

core::Error no_status(const std::string& why) {
  return core::Error(core::ErrorKind::State, "the agent's answer is no status: " + why)
      .remedy("is an agent of another version running? restart it");
}

core::Lsn lsn_of(const nlohmann::json& object, const char* key) {
  const auto lsn = core::Lsn::parse(object.at(key).get<std::string>());
  if (!lsn) throw no_status(std::string(key) + " is no LSN");
  return *lsn;
}

Phase phase_of(const std::string& name) {
  for (const Phase phase : kPhases) {
    if (name == to_string(phase)) return phase;
  }
  throw no_status("unknown phase");
}

/// 1234567 as `1,234,567`.
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::ptrdiff_t first = digits.front() == '-' ? 1 : 0;
  for (std::ptrdiff_t i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > first; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  }
  return digits;
}

/// Bytes with a unit that keeps the number short.
std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

/// Where it stands, in one line or two.
std::string headline(const StatusReport& report) {
  // The source's own log goes on, and nobody follows it any more.
  if (report.phase == Phase::Done) {
    return fmt::format("{}: the cutover is finished; everything is applied up to {}\n", to_string(report.phase),
                       report.applied_lsn.to_string());
  }
  std::string text = fmt::format("{}: applied {} of {}, {} and {:.1f} s behind\nslot {}: {}", to_string(report.phase),
                                 report.applied_lsn.to_string(), report.source_lsn.to_string(),
                                 bytes_text(report.lag_bytes()), report.lag_seconds, report.slot.name,
                                 report.slot.wal_status.empty() ? "unknown" : report.slot.wal_status);
  if (report.slot.safe_wal_size > 0) {
    text +=
        fmt::format(", lost after {} more of WAL", bytes_text(static_cast<std::uint64_t>(report.slot.safe_wal_size)));
  }
  if (report.slot.lost_in_seconds) text += fmt::format(", in {} min at this rate", *report.slot.lost_in_seconds / 60);
  return text + '\n';
}

}  // namespace

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::Snapshot: return "snapshot";
    case Phase::Streaming: return "streaming";
    case Phase::Stopped: return "stopped";
    case Phase::Cutover: return "cutover";
    case Phase::Done: return "done";
  }
  return "stopped";
}

std::uint64_t StatusReport::lag_bytes() const {
  if (!source_lsn.is_valid() || !applied_lsn.is_valid() || source_lsn <= applied_lsn) return 0;
  return source_lsn.bytes() - applied_lsn.bytes();
}

bool StatusReport::is_balanced() const {
  return std::all_of(routes.begin(), routes.end(), [](const Route& route) { return route.counters.is_balanced(); });
}

nlohmann::ordered_json to_json(const StatusReport& report) {
  nlohmann::ordered_json object;
  object["phase"] = to_string(report.phase);
  object["source_lsn"] = report.source_lsn.to_string();
  object["applied_lsn"] = report.applied_lsn.to_string();
  object["lag_bytes"] = report.lag_bytes();
  object["lag_seconds"] = report.lag_seconds;
  if (report.unheard_seconds > 0) object["unheard_seconds"] = report.unheard_seconds;
  object["slot"] = {
      {"name", report.slot.name}, {"wal_status", report.slot.wal_status}, {"safe_wal_size", report.slot.safe_wal_size}};
  if (report.slot.lost_in_seconds) object["slot"]["lost_in_seconds"] = *report.slot.lost_in_seconds;
  if (!report.origins.empty()) object["origins"] = report.origins;
  object["balanced"] = report.is_balanced();
  if (!report.fenced_since.empty()) object["fenced_since"] = report.fenced_since;
  if (!report.snapshot_failure.empty()) object["snapshot_failure"] = report.snapshot_failure;
  object["routes"] = nlohmann::ordered_json::array();
  for (const StatusReport::Route& route : report.routes) {
    object["routes"].push_back({{"name", route.name},
                                {"from", route.from},
                                {"to", route.to},
                                {"read", route.counters.read},
                                {"applied", route.counters.applied},
                                {"filtered", route.counters.filtered},
                                {"parked", route.counters.parked},
                                {"quarantined", route.counters.quarantined},
                                {"snapshot_done", route.is_snapshot_done}});
  }
  return object;
}

StatusReport status_from_json(const nlohmann::json& object) {
  try {
    StatusReport report;
    report.phase = phase_of(object.at("phase").get<std::string>());
    report.source_lsn = lsn_of(object, "source_lsn");
    report.applied_lsn = lsn_of(object, "applied_lsn");
    report.lag_seconds = object.at("lag_seconds").get<double>();
    report.unheard_seconds = object.value("unheard_seconds", 0.0);
    const nlohmann::json& slot = object.at("slot");
    report.slot = {slot.at("name").get<std::string>(), slot.at("wal_status").get<std::string>(),
                   slot.at("safe_wal_size").get<std::int64_t>()};
    if (slot.contains("lost_in_seconds")) report.slot.lost_in_seconds = slot.at("lost_in_seconds").get<std::int64_t>();
    report.fenced_since = object.value("fenced_since", "");
    report.snapshot_failure = object.value("snapshot_failure", "");
    report.origins = object.value("origins", std::map<std::string, std::uint64_t>{});
    for (const nlohmann::json& route : object.at("routes")) {
      report.routes.push_back({.name = route.at("name").get<std::string>(),
                               .from = route.at("from").get<std::string>(),
                               .to = route.at("to").get<std::string>(),
                               .counters = {.read = route.at("read").get<std::int64_t>(),
                                            .applied = route.at("applied").get<std::int64_t>(),
                                            .filtered = route.at("filtered").get<std::int64_t>(),
                                            .parked = route.at("parked").get<std::int64_t>(),
                                            .quarantined = route.at("quarantined").get<std::int64_t>()},
                               .is_snapshot_done = route.at("snapshot_done").get<bool>()});
    }
    return report;
  } catch (const nlohmann::json::exception& error) {
    throw no_status(error.what());
  }
}

std::string to_text(const StatusReport& report) {
  std::string text = headline(report);
  if (report.unheard_seconds > 0) {
    text += fmt::format("nothing was heard from the source for {:.1f} s: how far it is ahead is not known\n",
                        report.unheard_seconds);
  }
  if (!report.fenced_since.empty()) text += "the source takes no writes since " + report.fenced_since + "\n";
  if (!report.snapshot_failure.empty()) text += "the snapshot has failed: " + report.snapshot_failure + "\n";
  for (const auto& [name, transactions] : report.origins) {
    text += fmt::format("{} transactions came to the source by replication from elsewhere: origin {}\n",
                        grouped(static_cast<std::int64_t>(transactions)), name);
  }
  if (report.routes.empty()) return text;

  std::size_t width = 5;
  for (const StatusReport::Route& route : report.routes) width = std::max(width, route.name.size());
  text += fmt::format("\n{:<{}} {:>13} {:>13} {:>11} {:>9} {:>11}  {}\n", "route", width, "read", "applied", "filtered",
                      "parked", "quarantined", "snapshot");
  for (const StatusReport::Route& route : report.routes) {
    const core::RouteCounters& c = route.counters;
    text += fmt::format("{:<{}} {:>13} {:>13} {:>11} {:>9} {:>11}  {}{}\n", route.name, width, grouped(c.read),
                        grouped(c.applied), grouped(c.filtered), grouped(c.parked), grouped(c.quarantined),
                        route.is_snapshot_done ? "done" : "-", c.is_balanced() ? "" : "  UNBALANCED");
  }
  if (!report.is_balanced()) {
    text += "\nNot balanced: rows were read that nobody accounts for. Stop the agent and run `agent validate`.\n";
  }
  return text;
}

void add_cutover(StatusReport& report, const std::optional<cutover::Run>& run) {
  if (!run || !run->stands()) return;
  report.phase = run->is_done() ? Phase::Done : Phase::Cutover;
  if (run->has_begun(cutover::Step::Fence)) report.fenced_since = run->steps.at(cutover::Step::Fence).started_at;
}

std::vector<StatusReport::Route> routes_of(const mapping::Plan& plan) {
  std::vector<StatusReport::Route> routes;
  routes.reserve(plan.routes.size());
  for (const mapping::Route& route : plan.routes) {
    routes.push_back(
        {.name = route.name, .from = plan.table(route.from).name.display(), .to = route.to.display(), .counters = {}});
  }
  return routes;
}

std::vector<StatusReport::Route> routes_of(const mapping::Plan& plan, const state::Store& store) {
  std::vector<StatusReport::Route> routes = routes_of(plan);
  const std::vector<core::RouteCounters> counters = store.counters();
  std::set<core::TableId> planned;
  std::set<core::TableId> unfinished;
  for (const state::Chunk& chunk : store.chunks()) {
    planned.insert(chunk.table);
    if (!chunk.is_finished) unfinished.insert(chunk.table);
  }
  const bool all_done = store.progress().snapshot_finished;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const core::TableId table = plan.routes[i].from;
    if (i < counters.size()) routes[i].counters = counters[i];
    routes[i].is_snapshot_done = all_done || (planned.contains(table) && !unfinished.contains(table));
  }
  return routes;
}

void add_unremoved(std::vector<StatusReport::Route>& routes, const std::vector<std::int64_t>& unremoved) {
  for (std::size_t i = 0; i < routes.size() && i < unremoved.size(); ++i) {
    routes[i].counters.read += unremoved[i];
    routes[i].counters.quarantined += unremoved[i];
  }
}

}  // namespace agent
