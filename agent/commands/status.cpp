#include "agent/commands/status.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <system_error>
#include <thread>

#include "agent/control_socket.hpp"
#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/status_report.hpp"
#include "agent/stopped_status.hpp"
#include "core/error.hpp"
#include "core/stop_deadline.hpp"
#include "cutover/journal.hpp"
#include "pg/session.hpp"

namespace agent::commands::status {

namespace {

constexpr std::chrono::seconds kLedgerLimit{2};
constexpr std::chrono::seconds kWatchInterval{1};
constexpr std::chrono::milliseconds kStartInterval{100};

/// The running agent knows nothing of a cutover, the ledger does. A target that does not answer keeps nobody from the rest.
void look_for_cutover(const Config& config, StatusReport& report) {
  std::stop_source now;
  now.request_stop();
  const auto limit = std::make_shared<core::StopDeadline>(now.get_token(), kLedgerLimit);
  try {
    pg::Session session(target_params(config).with_stop(limit), "status");
    add_cutover(report, ::cutover::last_run(session, config.target.ledger_schema));
  } catch (const core::Error& error) {
    spdlog::debug("status without the ledger: {}", error.what());
  }
}

StatusReport look(const Config& config) {
  const auto give_up = std::chrono::steady_clock::now() + kAnswerLimit;
  for (;;) {
    if (const auto answer = ask_agent(config.state_dir, {{"command", "status"}})) {
      StatusReport report = status_from_json(*answer);
      look_for_cutover(config, report);
      return report;
    }
    try {
      return read_stopped_status(config);
    } catch (const core::Error& error) {
      // An agent that is just starting holds the directory already and will answer in a moment.
      if (error.kind() != core::ErrorKind::State || std::chrono::steady_clock::now() > give_up) throw;
    }
    std::this_thread::sleep_for(kStartInterval);
  }
}

void print(const StatusReport& report, bool as_json, bool is_watching) {
  if (as_json) {
    // While watching, a line each, so that a reader knows where an object ends.
    std::cout << to_json(report).dump(is_watching ? -1 : 2) << '\n';
  } else {
    // Home and clear: the table stays where it is.
    if (is_watching && isatty(STDOUT_FILENO) != 0) std::cout << "\033[H\033[J";
    std::cout << to_text(report);
  }
  std::cout.flush();
}

}  // namespace

void declare(CLI::App& app, Options& options) {
  app.add_flag("--watch", options.status.watch, "Again every second, until interrupted");
  app.footer(
      "Asks the running agent; without one, reads its state directory and both databases. Exit code 6 when the "
      "counters do not add up.");
}

int run(const Options& options) {
  const Config config = configure(options);
  while (true) {
    const StatusReport report = look(config);
    print(report, options.as_json, options.status.watch);
    if (!options.status.watch || !std::cout) return to_int(report.is_balanced() ? ExitCode::Done : ExitCode::Refused);
    std::this_thread::sleep_for(kWatchInterval);
  }
}

}  // namespace agent::commands::status
