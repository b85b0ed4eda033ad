#include "agent/commands/run.hpp"

#include <CLI/CLI.hpp>

#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/stop_signals.hpp"
#include "agent/supervisor.hpp"

namespace agent::commands::run {

void declare(CLI::App& app, Options& /*options*/) {
  app.footer(
      "Finishes the snapshot if need be, then streams until it is stopped (SIGTERM, SIGINT). What systemd runs.");
}

int run(const Options& options) {
  const Config config = configure(options, LogTo::StderrAndFiles);
  const StopSignals signals;
  [[maybe_unused]] const Outcome outcome = supervise(
      config, {.tables = {}, .streams = true, .ends_when_switched = true, .until_lsn = {}, .is_quiet = options.as_json},
      signals.token());
  return to_int(ExitCode::Done);
}

}  // namespace agent::commands::run
