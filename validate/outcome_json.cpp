#include "validate/outcome_json.hpp"

#include <fmt/chrono.h>

#include <nlohmann/json.hpp>

namespace validate {

namespace {

using nlohmann::json;

json to_json(const Finding& finding) {
  json example = {{"legacy_key", finding.legacy_key},
                  {"kind", to_string(finding.kind)},
                  {"columns", finding.columns},
                  {"target_key", finding.target_key}};
  if (!finding.note.empty()) example["note"] = finding.note;
  return example;
}

json to_json(const RouteOutcome& route) {
  json examples = json::array();
  for (const Finding& finding : route.examples) examples.push_back(to_json(finding));
  const auto checksum = [&](const Checksum& sum) { return route.is_counted_only ? std::string{} : sum.to_string(); };
  return {{"name", route.name},
          {"from", route.from},
          {"to", route.to},
          {"read", route.read},
          {"source_rows", route.source_rows()},
          {"target_rows", route.target_rows()},
          {"source_checksum", checksum(route.source_checksum)},
          {"target_checksum", checksum(route.target_checksum)},
          {"matched", route.matched},
          {"missing", route.missing},
          {"extra", route.extra},
          {"different", route.different},
          {"foreign", route.foreign},
          {"kept", route.kept},
          {"shared", route.shared},
          {"filtered", route.filtered},
          {"parked", route.parked},
          {"quarantined", route.quarantined},
          {"accepted", route.accepted},
          {"would_pass", route.would_pass},
          {"unremoved", route.unremoved},
          {"match", route.match()},
          {"complete", route.is_complete()},
          {"not_checked", route.not_checked},
          {"seconds", route.seconds},
          {"examples", std::move(examples)}};
}

json to_json(const ReconcileRows& rows) {
  json lines = json::array();
  for (const auto& row : rows) {
    json line = json::array();
    for (const auto& value : row) line.push_back(value ? json(*value) : json(nullptr));
    lines.push_back(std::move(line));
  }
  return lines;
}

json to_json(const ReconcileOutcome& one) {
  return {{"name", one.name},
          {"columns", one.columns},
          {"source", to_json(one.source)},
          {"target", to_json(one.target)},
          {"match", one.match()},
          {"not_checked", one.not_checked}};
}

json to_json(const IntegrityOutcome& one) {
  return {{"rule", to_string(one.rule)},   {"table", one.table},       {"name", one.name},
          {"violations", one.violations},  {"examples", one.examples}, {"match", one.match()},
          {"not_checked", one.not_checked}};
}

json to_json(const core::RouteCounters& counters) {
  return {{"read", counters.read},
          {"applied", counters.applied},
          {"filtered", counters.filtered},
          {"parked", counters.parked},
          {"quarantined", counters.quarantined}};
}

json to_json(const CounterOutcome& one) {
  return {{"route", one.route}, {"recorded", to_json(one.recorded)}, {"counted", to_json(one.counted)}};
}

json to_json(const AcceptedRow& row) {
  return {{"route", row.route}, {"legacy_key", row.legacy_key}, {"kind", row.kind},
          {"at", row.at},       {"actor", row.actor},           {"reason", row.reason}};
}

json to_json(const NotChecked& one) { return {{"what", one.what}, {"why", one.why}}; }

template <typename Values>
json array_of(const Values& values) {
  json array = json::array();
  for (const auto& value : values) array.push_back(to_json(value));
  return array;
}

}  // namespace

json to_json(const Outcome& outcome) {
  const auto started = std::chrono::floor<std::chrono::seconds>(outcome.started_at);
  return {{"lsn", outcome.lsn.to_string()},
          {"match", outcome.match()},
          {"complete", outcome.is_complete()},
          {"started_at", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(started))},
          {"seconds", outcome.seconds},
          {"agent_version", outcome.agent_version},
          {"source_version", outcome.source_version},
          {"target_version", outcome.target_version},
          {"source_database", outcome.source_database},
          {"target_database", outcome.target_database},
          {"actor", outcome.actor},
          {"tables", outcome.tables},
          {"counts_only", outcome.is_counted_only},
          {"routes", array_of(outcome.routes)},
          {"reconcile", array_of(outcome.reconcile)},
          {"integrity", array_of(outcome.integrity)},
          {"balanced", outcome.counters.empty()},
          {"counters", array_of(outcome.counters)},
          {"accepted", array_of(outcome.accepted)},
          {"not_checked", array_of(outcome.all_not_checked())}};
}

}  // namespace validate
