#include "validate/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "mapping/sql_text.hpp"
#include "validate/verdict.hpp"

namespace validate {

namespace {

/// What of a route is not zero, in words.
std::string counts_of(const RouteOutcome& route) {
  const std::pair<const char*, std::int64_t> counts[] = {{"missing", route.missing},
                                                         {"different", route.different},
                                                         {"extra", route.extra},
                                                         {"parked", route.parked},
                                                         {"quarantined", route.quarantined},
                                                         {"would pass now", route.would_pass},
                                                         {"accepted", route.accepted},
                                                         {"filtered", route.filtered},
                                                         {"shared", route.shared},
                                                         {"foreign", route.foreign},
                                                         {"kept", route.kept},
                                                         {"not let go", route.unremoved}};
  std::string text;
  for (const auto& [name, count] : counts) {
    if (count != 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
  }
  return text;
}

std::string example_line(const Finding& finding) {
  std::string line = fmt::format("    {} {}", to_string(finding.kind),
                                 finding.legacy_key.empty() ? "of unknown legacy key" : finding.legacy_key);
  if (!finding.target_key.empty()) line += " (" + mapping::joined(finding.target_key) + ")";
  if (!finding.columns.empty()) line += ": " + mapping::joined(finding.columns);
  if (!finding.note.empty()) line += ": " + finding.note;
  return line + "\n";
}

std::string cells(const std::vector<std::optional<std::string>>& row) {
  std::string text;
  for (const auto& value : row) text += (text.empty() ? "" : " | ") + value.value_or("NULL");
  return text;
}

/// Rows that only one side has.
std::string total_lines(const ReconcileOutcome& one) {
  ReconcileRows source;
  ReconcileRows target;
  std::ranges::set_difference(one.source, one.target, std::back_inserter(source));
  std::ranges::set_difference(one.target, one.source, std::back_inserter(target));
  std::string text;
  for (const auto& row : source) text += "    only source: " + cells(row) + "\n";
  for (const auto& row : target) text += "    only target: " + cells(row) + "\n";
  return text;
}

std::string rule_broken(IntegrityOutcome::Rule rule) {
  switch (rule) {
    case IntegrityOutcome::Rule::ForeignKey: return "rows refer to a row that is not there";
    case IntegrityOutcome::Rule::LegacyId: return "legacy ids stand in several rows";
    case IntegrityOutcome::Rule::EntityUuid: return "legacy keys and UUIDs are not one to one";
  }
  return {};
}

}  // namespace

std::string to_text(const Outcome& outcome) {
  std::int64_t rows = 0;
  std::size_t width = 5;
  for (const RouteOutcome& route : outcome.routes) {
    rows += route.read;
    width = std::max(width, route.name.size());
  }
  const double rate = outcome.seconds > 0 ? static_cast<double>(rows) / outcome.seconds : 0;
  const Verdict verdict = verdict_of(outcome);
  std::string text = verdict.headline + "\n";
  for (const std::string& reason : verdict.reasons) text += "  " + reason + "\n";
  text += fmt::format("As of {}; {} rows on {} routes in {:.1f} s ({:.0f} rows/s).\n\n", outcome.lsn.to_string(),
                      grouped(rows), outcome.routes.size(), outcome.seconds, rate);
  text += fmt::format("{:<{}}  {:>12}  {:>12}  \n", "route", width, "source rows", "target rows");
  for (const RouteOutcome& route : outcome.routes) {
    text += fmt::format("{:<{}}  {:>12}  {:>12}  {}\n", route.name, width, route.source_rows(), route.target_rows(),
                        counts_of(route));
    for (const Finding& finding : route.examples) text += example_line(finding);
  }
  for (const ReconcileOutcome& one : outcome.reconcile) {
    if (!one.not_checked.empty()) continue;
    text += fmt::format("reconcile {}: {}\n", one.name, one.match() ? "equal" : "NOT EQUAL") + total_lines(one);
  }
  for (const IntegrityOutcome& one : outcome.integrity) {
    if (one.violations == 0) continue;
    text += fmt::format("{} {}: {} {}: {}\n", one.table, one.name, one.violations, rule_broken(one.rule),
                        mapping::joined(one.examples));
  }
  for (const NotChecked& one : outcome.all_not_checked()) {
    text += fmt::format("not checked: {}: {}\n", one.what, one.why);
  }
  return text;
}

}  // namespace validate
