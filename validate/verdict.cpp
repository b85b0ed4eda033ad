#include "validate/verdict.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace validate {

namespace {

std::int64_t sum(const Outcome& outcome, std::int64_t RouteOutcome::*member) {
  std::int64_t total = 0;
  for (const RouteOutcome& route : outcome.routes) total += route.*member;
  return total;
}

std::string rows(std::int64_t number) { return grouped(number) + (number == 1 ? " row" : " rows"); }

std::string are(std::int64_t number, const char* one, const char* several) { return number == 1 ? one : several; }

/// What is wrong with rows: one sentence per way in which they can be.
void add_rows(const Outcome& outcome, std::vector<std::string>& reasons) {
  const auto add = [&](std::int64_t number, const std::string& sentence) {
    if (number > 0) reasons.push_back(rows(number) + " " + sentence);
  };
  const std::int64_t missing = sum(outcome, &RouteOutcome::missing);
  add(missing, are(missing, "is", "are") + " missing on the target.");
  const std::int64_t different = sum(outcome, &RouteOutcome::different);
  add(different, are(different, "has", "have") + " other values on the target than the source means.");
  const std::int64_t extra = sum(outcome, &RouteOutcome::extra);
  add(extra, "of the agent " + are(extra, "is", "are") + " on the target though the source does not mean " +
                 are(extra, "it.", "them."));
  const std::int64_t parked = sum(outcome, &RouteOutcome::parked);
  add(parked, are(parked, "waits", "wait") + " for a parent that is not on the target.");
  const std::int64_t quarantined = sum(outcome, &RouteOutcome::quarantined);
  const std::int64_t would_pass = sum(outcome, &RouteOutcome::would_pass);
  add(quarantined, are(quarantined, "was", "were") + " refused by the target" +
                       (would_pass > 0 ? ", which would take " + grouped(would_pass) + " of them today." : "."));
}

void add_totals(const Outcome& outcome, std::vector<std::string>& reasons) {
  for (const ReconcileOutcome& one : outcome.reconcile) {
    if (one.not_checked.empty() && !one.match()) reasons.push_back("The totals of \"" + one.name + "\" are not equal.");
  }
  for (const IntegrityOutcome& one : outcome.integrity) {
    if (one.violations == 0) continue;
    reasons.push_back(fmt::format("{} of {} {} {}.", rows(one.violations), one.table,
                                  are(one.violations, "breaks", "break"), one.name));
  }
}

std::string text_of(const core::RouteCounters& c) {
  return fmt::format("{} = {} applied + {} filtered + {} parked + {} quarantined", c.read, c.applied, c.filtered,
                     c.parked, c.quarantined);
}

void add_counters(const Outcome& outcome, std::vector<std::string>& reasons) {
  for (const CounterOutcome& one : outcome.counters) {
    reasons.push_back(fmt::format("The agent has lost count of route {}: it shows {}, and its rows come to {}.",
                                  one.route, text_of(one.recorded), text_of(one.counted)));
  }
  if (!outcome.counters.empty()) {
    reasons.emplace_back(
        "To have its counters rebuilt, stop the agent, move its state directory away, and start it: what is right on "
        "the target is not written again.");
  }
}

}  // namespace

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  const std::ptrdiff_t first = text.starts_with('-') ? 1 : 0;
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > first; at -= 3) {
    text.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return text;
}

Verdict verdict_of(const Outcome& outcome) {
  Verdict verdict;
  const std::vector<NotChecked> not_checked = outcome.all_not_checked();
  if (outcome.routes.empty()) {
    verdict.kind = Verdict::Kind::EqualSoFar;
    verdict.headline = "Nothing was compared.";
    return verdict;
  }
  if (!outcome.match()) {
    verdict.kind = Verdict::Kind::Different;
    add_rows(outcome, verdict.reasons);
    add_totals(outcome, verdict.reasons);
    verdict.headline = verdict.reasons.empty() ? "The two databases are equal, but the agent's counters are wrong."
                                               : "The two databases are not equal.";
    add_counters(outcome, verdict.reasons);
    if (!not_checked.empty()) verdict.reasons.emplace_back("Besides, not everything was checked.");
  } else if (!outcome.is_complete()) {
    verdict.kind = Verdict::Kind::EqualSoFar;
    verdict.headline = "What was checked is equal. Not everything was checked.";
    for (const NotChecked& one : not_checked)
      verdict.reasons.push_back("Not checked: " + one.what + ": " + one.why + ".");
  } else {
    verdict.kind = Verdict::Kind::Equal;
    verdict.headline =
        outcome.tables.empty() ? "The two databases are equal." : "The tables that were compared are equal.";
    verdict.reasons.push_back(fmt::format(
        "{} that the source means {} on the target, with the same values in every column.",
        rows(sum(outcome, &RouteOutcome::matched)), are(sum(outcome, &RouteOutcome::matched), "is", "are")));
    if (!outcome.tables.empty()) verdict.reasons.emplace_back("Other tables were not asked for.");
  }
  const std::int64_t accepted = sum(outcome, &RouteOutcome::accepted);
  if (accepted > 0) {
    verdict.reasons.push_back(fmt::format("{} {} left out, and somebody has accepted that by name.", rows(accepted),
                                          are(accepted, "is", "are")));
  }
  return verdict;
}

}  // namespace validate
