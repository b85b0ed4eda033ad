#include "agent/commands/sync.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/stop_signals.hpp"
#include "agent/supervisor.hpp"
#include "core/error.hpp"

namespace agent::commands::sync {

void declare(CLI::App& app, Options& options) {
  CLI::Option* current = app.add_flag("--until-current", options.sync.until_current,
                                      "Stop when everything is applied that was committed at the start");
  app.add_option_function<std::string>(
         "--until-lsn",
         [&options](const std::string& text) {
           options.sync.until_lsn = core::Lsn::parse(text);
           if (!options.sync.until_lsn)
             throw core::Error(core::ErrorKind::Usage, "--until-lsn wants an LSN such as 0/16B3748");
         },
         "Stop at this position: transactions that committed before it are in, others are not")
      ->type_name("LSN")
      ->excludes(current);
  app.footer("Tails the source's changes. Needs a finished snapshot; `agent run` does both.");
}

int run(const Options& options) {
  const Config config = configure(options, LogTo::StderrAndFiles);
  const StopSignals signals;
  const Outcome outcome = supervise(config,
                                    {.tables = {},
                                     .needs_finished_snapshot = true,
                                     .streams = true,
                                     .ends_when_switched = true,
                                     .until_current = options.sync.until_current,
                                     .until_lsn = options.sync.until_lsn,
                                     .is_quiet = options.as_json},
                                    signals.token());
  if (outcome.is_switched) return to_int(ExitCode::Done);
  const bool has_goal = options.sync.until_current || options.sync.until_lsn.has_value();
  if (options.as_json) {
    std::cout << nlohmann::ordered_json{{"applied_lsn", outcome.applied.to_string()},
                                        {"reached", has_goal && !outcome.was_stopped}}
                     .dump(2)
              << '\n';
  } else {
    std::cout << (has_goal && !outcome.was_stopped ? "reached; applied to " : "stopped; applied to ")
              << outcome.applied.to_string() << '\n';
  }
  return to_int(has_goal && outcome.was_stopped ? ExitCode::Incomplete : ExitCode::Done);
}

}  // namespace agent::commands::sync
