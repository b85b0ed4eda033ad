#include "tests/soak/report.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <thread>

namespace soak {

namespace {

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

std::string minutes(double seconds) {
  const auto whole = static_cast<long>(seconds);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string meaning_of_end(int code) {
  switch (code) {
    case 0: return "stopped by SIGTERM";
    case 3: return "source";
    case 4: return "target";
    case 5: return "state directory or slot";
    case 6: return "refused";
    case 137: return "killed";
    default: return "";
  }
}

std::string faults_table(const SoakResult& result) {
  std::string text =
      "| fault | made | could not be made | recovery, median | recovery, most |\n|---|---:|---:|---:|---:|\n";
  for (const auto& [name, tally] : result.faults) {
    const Spread recovery = spread(tally.recovery);
    text += fmt::format("| {} | {} | {} |", name, tally.made, tally.skipped);
    text +=
        tally.recovery.empty() ? " – | – |\n" : fmt::format(" {:.1f} s | {:.1f} s |\n", recovery.median, recovery.most);
  }
  return text;
}

std::string comparisons_table(const SoakResult& result) {
  std::string text =
      "| at | live transactions | rows read by routes | state, MiB | outcome | quiet, retried and compared in "
      "|\n|---:|---:|---:|---:|---|---:|\n";
  for (const Comparison& one : result.comparisons) {
    text += fmt::format(
        "| {} | {} | {} | {:.0f} | {} | {:.0f} s |\n", minutes(one.at), one.transactions, one.rows, one.state_mib,
        one.differences.empty() ? "equal" : fmt::format("**{} differences**", one.differences.size()), one.seconds);
  }
  return text;
}

std::string figures_table(const SoakOptions& options, const SoakResult& result) {
  std::string text =
      "| figure | first third | second third | last third | bound | verdict |\n|---|---|---|---|---:|---|\n";
  for (const Figure& figure : figures()) {
    text += "| " + figure.name;
    for (const auto& third : thirds(result.samples, figure, result.seconds)) {
      const Spread one = spread(third);
      text += third.empty() ? " | –" : fmt::format(" | {:.0f} / **{:.0f}** / {:.0f}", one.least, one.median, one.most);
    }
    const bool is_flat = why_not_flat(result.samples, figure, result.seconds, options.judges_trend).empty();
    text += fmt::format(" | {:.0f} | {} |\n", figure.bound,
                        !is_flat                                      ? "**not flat**"
                        : figure.is_held_flat && options.judges_trend ? "flat"
                                                                      : "in bounds");
  }
  return text;
}

}  // namespace

std::string to_markdown(const SoakOptions& options, const SoakResult& result, const std::string& commit) {
  long made = 0;
  std::vector<double> recoveries;
  for (const auto& [name, tally] : result.faults) {
    made += tally.made;
    recoveries.insert(recoveries.end(), tally.recovery.begin(), tally.recovery.end());
  }
  const Spread recovery = spread(recoveries);
  const auto equal =
      std::ranges::count_if(result.comparisons, [](const Comparison& one) { return one.differences.empty(); });
  utsname system{};
  uname(&system);

  std::string text = "# Soak: random faults over live work\n\n";
  text += fmt::format(
      "{} minutes, seed {}, {}: {} live transactions, {} faults of {} kinds, the agent started {} times; compared with "
      "the oracle {} "
      "times, equal {} times.\n\n",
      minutes(result.seconds), options.seed,
      result.findings.empty() && !result.was_interrupted ? "**passed**" : "**not passed**", result.transactions, made,
      result.faults.size(), result.starts, result.comparisons.size(), equal);
  if (result.was_interrupted) text += "The run was interrupted.\n\n";
  if (!result.findings.empty()) {
    text += "## What went wrong\n\n";
    for (const std::string& finding : result.findings) text += "```\n" + finding + "\n```\n\n";
  }
  text += "## Set-up\n\n";
  text += fmt::format(
      "- {}{}\n- PostgreSQL {} on both sides, on loopback, the agent behind a proxy to each; {} {}, {} processors\n",
      trimmed(result.agent_version), commit.empty() ? "" : ", commit " + commit, result.server_version, system.sysname,
      system.machine, std::thread::hardware_concurrency());
  text += fmt::format(
      "- the dispatch example at scale {}; {} sessions of live work, {} ms rest after each transaction, one of them "
      "altering tables; rows are "
      "removed again, so that tables keep their size\n"
      "- faults one after the other, each up to {} s, the next when the one before is recovered from, but for every "
      "fourth, which comes at once; a quarter of those that last are joined "
      "by a kill -9. After the first third of the time only what does not end the agent's process, so that one process "
      "lives through many reconnects, and its figures can be compared\n"
      "- again with `scripts/soak --minutes {} --seed {}`\n\n",
      options.scale, options.sessions, options.pause_ms, options.longest_fault_seconds, options.duration.count() / 60,
      options.seed);

  text +=
      "## Comparisons with the oracle\n\nWith the live work at rest, after `agent quarantine retry`: every route's "
      "rows, and the counters of "
      "`agent status` with the oracle's own count of rows read, applied, filtered, parked and quarantined.\n\n";
  text += comparisons_table(result);
  text += fmt::format(
      "\nWatched all the time ({} looks): the slot's `confirmed_flush_lsn` never beyond the checkpoint, the checkpoint "
      "never back, one slot, "
      "no exit 0 but after SIGTERM, SIGTERM obeyed in 90 s.\n\n",
      result.looks);

  text +=
      "## Faults\n\nRecovery: from the end of the fault until all that was committed by then is on the target, live "
      "work going on.\n\n";
  text += faults_table(result);
  text += fmt::format("| all | {} | | {:.1f} s | {:.1f} s |\n\n", made, recovery.median, recovery.most);
  text += "How the agent's processes ended:";
  for (const auto& [code, times] : result.ends)
    text += fmt::format(" {} × {} ({});", times, code, meaning_of_end(code));
  text += fmt::format(
      " {} of the kills by failpoints, {} old state directories refused and then removed. The target counted {} "
      "deadlocks; the proxies saw {} "
      "connections and cut {}.\n\n",
      result.killed_by_failpoint, result.refused_states, result.deadlocks, result.network_connections,
      result.network_cuts);

  text +=
      "## What must not grow\n\nLeast / **median** / most, by thirds of the time. Flat: never above the bound, and the "
      "median of the last third "
      "at most 1.3 times that of the second (or a small slack above it, whichever is more). Memory, files and threads "
      "count while an agent "
      "runs.\n\n";
  text += figures_table(options, result);
  text += fmt::format("\nThe most memory that any agent ever had: {:.0f} MiB.\n", result.peak_mib);
  return text;
}

}  // namespace soak
