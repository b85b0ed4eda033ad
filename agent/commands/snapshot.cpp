#include "agent/commands/snapshot.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/stop_signals.hpp"
#include "agent/supervisor.hpp"

namespace agent::commands::snapshot {

void declare(CLI::App& app, Options& options) {
  app.add_option("--table", options.snapshot.tables, "Only this source table (may be given several times)")
      ->type_name("TABLE");
  app.footer(
      "The initial copy. Interrupted, it is resumed by running it again; finished chunks are not read a second time.\n"
      "Run again when it is finished, it compares everything and writes only differences.");
}

int run(const Options& options) {
  const Config config = configure(options, LogTo::StderrAndFiles);
  const StopSignals signals;
  const Outcome outcome = supervise(config,
                                    {.repeats_snapshot = true,
                                     .tables = options.snapshot.tables,
                                     .ends_when_switched = true,
                                     .until_lsn = {},
                                     .is_quiet = options.as_json},
                                    signals.token());
  if (outcome.is_switched) return to_int(ExitCode::Done);
  const SnapshotResult result = outcome.snapshot.value_or(SnapshotResult{.was_stopped = true});
  const double rate = result.seconds > 0 ? static_cast<double>(result.rows_read) / result.seconds : 0;
  if (options.as_json) {
    std::cout << nlohmann::ordered_json{{"finished", !result.was_stopped},
                                        {"rows_read", result.rows_read},
                                        {"rows_sent", result.rows_sent},
                                        {"rows_written", result.rows_written},
                                        {"rows_removed", result.rows_removed},
                                        {"seconds", result.seconds},
                                        {"rows_per_second", rate}}
                     .dump(2)
              << '\n';
  } else if (result.was_stopped) {
    std::cout << "snapshot interrupted; run it again to finish it\n";
  } else {
    std::cout << fmt::format(
        "snapshot finished: {} rows read, {} sent, {} written, {} removed in {:.1f} s ({:.0f} rows/s)\n",
        result.rows_read, result.rows_sent, result.rows_written, result.rows_removed, result.seconds, rate);
  }
  return to_int(result.was_stopped ? ExitCode::Incomplete : ExitCode::Done);
}

}  // namespace agent::commands::snapshot
