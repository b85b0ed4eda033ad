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
  app.add_option_function<std::string>(
         "--validate", [&part](const std::string& what) { part.validates_changed = what == "changed"; },
         "Compare everything (full), or what was written to since the last validation of everything (changed)")
      ->check(CLI::IsMember({"full", "changed"}))
      ->default_str("full");
  app.footer(
      "Makes the source read-only, brings what is left to the target, compares every row, sets the target's sequences, "
      "makes the id map\na plain table; then (the point of no return) drops the columns under `cleanup` of the mapping "
      "and removes slot and publication.\nWhatever fails before that point, and SIGTERM, takes everything back. After "
      "a "
      "crash the same command goes on, or --abort takes it back.\nExit codes: 0 done · 1 not equal, taken back · 6 not "
      "ready, or refused · 7 "
      "interrupted, taken back.");
}

int run(const Options& options) {
  const Config config = configure(options);
  const StopSignals signals;
  return run_cutover(config, options, signals.token());
}

}  // namespace agent::commands::cutover
