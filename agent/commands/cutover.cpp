#include "agent/commands/cutover.hpp"

#include <CLI/CLI.hpp>

#include "agent/cutover_run.hpp"
#include "agent/environment.hpp"
#include "agent/stop_signals.hpp"

namespace agent::commands::cutover {

void declare(CLI::App& app, Options& options) {
  Options::Cutover& part = options.cutover;
  CLI::Option* dry =
      app.add_flag("--dry-run", part.is_dry, "Print every step with its SQL, and what is not ready; change nothing");
  CLI::Option* abort =
      app.add_flag("--abort", part.aborts, "Take back a cutover that is under way: the source takes writes again");
  dry->excludes(abort);
  app.add_flag("--yes", part.is_confirmed, "Do not ask");
  app.footer(
      "Makes the source read-only, brings what is left to the target, compares every row, sets the target's sequences, "
      "and "
      "removes slot\nand publication: that is the point of no return. Whatever fails before it takes the fence down "
      "again. After a "
      "crash the same\ncommand goes on. Exit codes: 0 done · 1 not equal, taken back · 6 not ready, or refused · 7 "
      "interrupted, taken back.");
}

int run(const Options& options) {
  const Config config = configure(options);
  const StopSignals signals;
  return run_cutover(config, options, signals.token());
}

}  // namespace agent::commands::cutover
