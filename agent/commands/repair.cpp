#include "agent/commands/repair.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "agent/control_socket.hpp"
#include "agent/cutover_run.hpp"
#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/repair_page.hpp"
#include "agent/stop_signals.hpp"
#include "agent/supervisor.hpp"
#include "agent/validation.hpp"
#include "apply/operator_name.hpp"
#include "core/backoff.hpp"
#include "core/error.hpp"
#include "validate/finding_log.hpp"
#include "validate/outcome_json.hpp"
#include "validate/summary.hpp"

namespace agent::commands::repair {

namespace {

using ::validate::FindingKind;
using ::validate::FindingLog;

// Findings per page: the stream stands still while one is read and written, for less than a second with so many.
constexpr std::size_t kPageRows = 500;
// Of their keys, so that a request stays below what the control socket takes.
constexpr std::size_t kPageBytes = 256U << 10U;
// What the running agent's stream stands still for while the rows of a page are read: join columns without an index cost a scan of their table.
constexpr std::chrono::seconds kReadPatience{5};
constexpr std::chrono::milliseconds kPageLimit{10000};
constexpr std::chrono::milliseconds kRepairLook{20};
// Tries of one page that fail for reasons that go away by themselves, but for a transaction that is waited for.
constexpr int kMostPageTries = 8;

bool is_extra(const ::validate::Finding& finding) { return finding.kind == FindingKind::Extra; }

std::string target_key_text(const ::validate::Finding& finding) {
  return fmt::format("{}", fmt::join(finding.target_key, ","));
}

/// Throws when the findings are not those of these databases and this mapping.
void require_own(const Environment& environment, const std::filesystem::path& findings) {
  const auto origin = FindingLog::read(findings, {});
  const auto own = finding_origin(environment, origin.lsn);
  if (origin.identity != own.identity) {
    throw core::Error(core::ErrorKind::State, "the last validation was of another pair of databases")
        .with("findings", findings.string())
        .with("validated", origin.identity)
        .with("configured", own.identity)
        .remedy("run `agent validate` with this configuration, then repair");
  }
  if (origin.meaning != own.meaning) {
    throw core::Error(core::ErrorKind::Refused, "the last validation was made under another mapping")
        .with("findings", findings.string())
        .with("validated", origin.meaning)
        .with("configured", own.meaning)
        .remedy("run `agent validate`, then repair");
  }
}

// --- dry run

int list(const Options& options, const std::filesystem::path& findings) {
  std::map<std::string, std::int64_t> counts;
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  const auto origin = FindingLog::read(findings, [&](const ::validate::Finding& finding) {
    const std::string kind{::validate::to_string(finding.kind)};
    ++counts[kind];
    if (options.as_json) {
      rows.push_back({{"route", finding.route},
                      {"kind", kind},
                      {"legacy_key", finding.legacy_key},
                      {"target_key", finding.target_key},
                      {"columns", finding.columns}});
    } else {
      std::cout << fmt::format("would {} {} {} {}{}\n", is_extra(finding) ? "remove" : "rewrite", kind, finding.route,
                               finding.legacy_key.empty() ? target_key_text(finding) : finding.legacy_key,
                               is_extra(finding) ? " (only with --delete-extra)" : "");
    }
  });
  if (options.as_json) {
    std::cout << nlohmann::ordered_json{{"lsn", origin.lsn.to_string()}, {"findings", std::move(rows)}}.dump(2) << '\n';
  } else if (counts.empty()) {
    std::cout << "the last validation, at " << origin.lsn.to_string() << ", found nothing to repair\n";
  } else {
    std::cout << "found by the validation at " << origin.lsn.to_string() << ":";
    for (const auto& [kind, count] : counts) std::cout << fmt::format(" {} {}", count, kind);
    std::cout << '\n';
  }
  return to_int(counts.empty() ? ExitCode::Done : ExitCode::Found);
}

// --- repair

nlohmann::json ask(const Config& config, const nlohmann::json& request) {
  if (auto answer = ask_agent(config.state_dir, request, kPageLimit)) return std::move(*answer);
  throw core::Error(core::ErrorKind::State, "the agent has stopped").remedy("start it, then run `agent repair` again");
}

/// The agent that repairs: the one that runs, or else one in this process, for as long as this lives.
class Host {
 public:
  Host(const Config& config, const std::stop_token& stop) : stopping_(stop, [this] { end_.request_stop(); }) {
    if (ask_agent(config.state_dir, {{"command", "status"}})) return;
    patience_ = std::chrono::seconds{0};
    agent_ = std::jthread([this, config] {
      try {
        static_cast<void>(supervise(
            config, {.tables = {}, .needs_finished_snapshot = true, .streams = true, .until_lsn = {}, .is_quiet = true},
            end_.get_token()));
      } catch (...) {
        failure_ = std::current_exception();
      }
      has_ended_ = true;
    });
    while (!has_ended_ && !streams(config)) std::this_thread::sleep_for(kRepairLook);
    if (has_ended_) close();
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() { end_.request_stop(); }

  /// Ends the agent of this process. Throws what ended it before.
  void close() {
    end_.request_stop();
    if (agent_.joinable()) agent_.join();
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }
  /// For reading a page: nobody waits for the agent of this process.
  [[nodiscard]] std::chrono::seconds patience() const { return patience_; }
  /// Why requests have no answer any more, where the agent of this process knows.
  void rethrow_failure() {
    if (has_ended_) close();
  }

 private:
  static bool streams(const Config& config) {
    const auto answer = ask_agent(config.state_dir, {{"command", "status"}});
    return answer && answer->value("phase", "") == "streaming";
  }

  std::chrono::seconds patience_ = kReadPatience;
  std::stop_source end_;
  std::stop_callback<std::function<void()>> stopping_;
  std::exception_ptr failure_;
  std::atomic<bool> has_ended_ = false;
  std::jthread agent_;
};

RepairResult repair_once(const Config& config, const RepairPage& page) {
  nlohmann::json request = to_json(page);
  request["command"] = "repair";
  const nlohmann::json number = ask(config, request).at("page");
  for (;;) {
    const nlohmann::json answer = ask(config, {{"command", "repair_result"}, {"page", number}});
    if (answer.value("is_done", false)) return repair_result_of(answer);
    std::this_thread::sleep_for(kRepairLook);
  }
}

/// However long a transaction of the source holds up the snapshot, but for a stop.
RepairResult repair_patiently(const Config& config, const RepairPage& page, const std::stop_token& stop) {
  core::Backoff pauses{std::chrono::milliseconds{500}, std::chrono::seconds{10}, 1};
  for (int attempt = 1;; ++attempt) {
    try {
      return repair_once(config, page);
    } catch (const core::Error& error) {
      const bool waits_for_somebody = error.is_transient() && error.kind() == core::ErrorKind::Source;
      if (!error.is_transient() || (!waits_for_somebody && attempt >= kMostPageTries) || stop.stop_requested()) throw;
      const auto pause = pauses.next();
      spdlog::warn("the repair has to wait, trying again attempt={} wait_ms={}: {}", attempt, pause.count(),
                   error.what());
      const auto until = std::chrono::steady_clock::now() + pause;
      while (std::chrono::steady_clock::now() < until && !stop.stop_requested())
        std::this_thread::sleep_for(kRepairLook);
    }
  }
}

/// Repairs what `is_wanted` of the findings, page by page. False when stopped before the end.
bool repair_all(const Config& config, const Host& host, const std::filesystem::path& findings,
                const std::function<bool(const ::validate::Finding&)>& is_wanted, const std::stop_token& stop,
                RepairResult& total) {
  RepairPage page{.actor = apply::operator_name(),
                  .meaning = FindingLog::read(findings, {}).meaning,
                  .findings = {},
                  .patience = host.patience()};
  std::size_t bytes = 0;
  const auto flush = [&] {
    if (!page.findings.empty() && !stop.stop_requested()) total.add(repair_patiently(config, page, stop));
    page.findings.clear();
    bytes = 0;
  };
  FindingLog::read(findings, [&](::validate::Finding finding) {
    if (!is_wanted(finding) || stop.stop_requested()) return;
    bytes += finding.route.size() + finding.legacy_key.size() + target_key_text(finding).size();
    page.findings.push_back(std::move(finding));
    if (page.findings.size() == kPageRows || bytes > kPageBytes) flush();
  });
  flush();
  return !stop.stop_requested();
}

/// The source tables of which something was found, repaired or not: the next list must have all of it again.
std::vector<std::string> tables_of(const Environment& environment, const std::filesystem::path& findings) {
  std::set<std::string> names;
  FindingLog::read(findings, [&](const ::validate::Finding& finding) {
    if (const ::mapping::Route* route = environment.plan.find_route(finding.route))
      names.insert(environment.plan.table(route->from).name.display());
  });
  return {names.begin(), names.end()};
}

/// What a repair came to, and what the tables then look like.
struct Report {
  RepairResult done;
  std::int64_t extra_left = 0;
  bool is_finished = true;
  std::optional<::validate::Outcome> after;  ///< of the tables that something was found in
};

/// The validation knows best: what is kept out and accepted is nothing to be done.
ExitCode exit_code_of(const Report& report) {
  if (!report.is_finished) return ExitCode::Incomplete;
  if (!report.after) return report.extra_left > 0 ? ExitCode::Found : ExitCode::Done;
  if (!report.after->match()) return ExitCode::Found;
  return report.after->is_complete() ? ExitCode::Done : ExitCode::Incomplete;
}

void print(const Options& options, const Report& report) {
  const RepairResult& done = report.done;
  if (options.as_json) {
    nlohmann::ordered_json json = to_json(done);
    json["extra_left"] = report.extra_left;
    json["finished"] = report.is_finished;
    if (report.after) json["validation"] = ::validate::to_json(*report.after);
    std::cout << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return;
  }
  std::cout << fmt::format("{} rows looked at: {} written, {} removed\n", done.looked_at, done.written, done.removed);
  const auto left = [](std::int64_t count, const char* what) {
    if (count > 0) std::cout << fmt::format("{} {}\n", count, what);
  };
  left(done.parked, "still wait for a parent (agent quarantine list)");
  left(done.quarantined, "are refused by the target (agent quarantine list)");
  left(done.unremoved, "are not let go by the target (agent quarantine list)");
  left(report.extra_left, "extra rows were left where they are (--delete-extra removes them)");
  if (!report.is_finished) std::cout << "interrupted; run it again for the rest\n";
  if (report.after) std::cout << ::validate::to_text(*report.after);
}

/// Repairs, then validates the tables that something was found in. What was done is in `report`, also when it throws.
void repair(const Environment& environment, const Options& options, const std::filesystem::path& findings,
            Report& report) {
  const Config& config = environment.config;
  std::int64_t rows = 0;
  std::int64_t extra = 0;
  FindingLog::read(findings, [&](const ::validate::Finding& finding) { ++(is_extra(finding) ? extra : rows); });
  report.extra_left = options.repair.deletes_extra ? 0 : extra;
  if (rows == 0 && extra == report.extra_left) return;
  const std::vector<std::string> tables = tables_of(environment, findings);
  const StopSignals signals;
  Host host{config, signals.token()};
  try {
    // Extra rows first: one may hold the place of another that is missing.
    if (options.repair.deletes_extra)
      report.is_finished = repair_all(config, host, findings, is_extra, signals.token(), report.done);
    report.is_finished =
        report.is_finished && repair_all(config, host, findings, std::not_fn(is_extra), signals.token(), report.done);
    if (report.is_finished)
      report.after = run_validation(config, {.tables = tables, .report = {}}, options.as_json, signals.token());
  } catch (const core::Error&) {
    host.rethrow_failure();
    throw;
  }
  host.close();
}

int repair(const Environment& environment, const Options& options, const std::filesystem::path& findings) {
  Report report;
  try {
    repair(environment, options, findings, report);
  } catch (const core::Error&) {
    report.is_finished = false;
    print(options, report);
    throw;
  }
  print(options, report);
  return to_int(exit_code_of(report));
}

}  // namespace

void declare(CLI::App& app, Options& options) {
  app.add_flag("--dry-run", options.repair.is_dry, "List what would be done, and do nothing");
  app.add_flag("--delete-extra", options.repair.deletes_extra,
               "Also remove the agent's own target rows that the source does not mean");
  app.footer(
      "Rewrites just the rows that the last `agent validate` found missing, different, parked or quarantined: they are "
      "read\n"
      "anew from the source, and local state is put right as well. Runs beside the agent, or by itself when none "
      "runs.\n"
      "Exit code 1 when something is left to be done.");
}

int run(const Options& options) {
  const Config config = configure(options);
  require_not_switched(config);
  const std::filesystem::path findings = FindingLog::path_in(config.state_dir);
  const Environment environment = prepare(config);
  require_own(environment, findings);
  return options.repair.is_dry ? list(options, findings) : repair(environment, options, findings);
}

}  // namespace agent::commands::repair
