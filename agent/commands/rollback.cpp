#include "agent/commands/rollback.hpp"

#include <CLI/CLI.hpp>

#include "agent/cleanup_run.hpp"
#include "agent/cutover_rollback.hpp"
#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/snapshot_rollback.hpp"
#include "agent/stop_signals.hpp"

namespace agent::commands::rollback {

namespace {

using Phase = Options::Rollback::Phase;

}  // namespace

void declare(CLI::App& app, Options& options) {
  Options::Rollback& part = options.rollback;
  app.require_subcommand(1);
  const auto phase = [&app, &part](const char* name, const char* summary, Phase value) {
    CLI::App* sub = app.add_subcommand(name, summary);
    sub->fallthrough();
    sub->add_flag("--dry-run", part.is_dry, "Print what would be done, with its SQL, and change nothing");
    sub->add_flag("--yes", part.is_confirmed, "Do not ask");
    sub->parse_complete_callback([&part, value] { part.phase = value; });
  };
  phase("cleanup", "The dropped columns come back, with their values and what hung on them", Phase::Cleanup);
  phase("snapshot", "What the agent wrote leaves the target, and it forgets the copy; nothing adopted or foreign goes",
        Phase::Snapshot);
  phase("cutover", "The source takes writes again, and sync goes on", Phase::Cutover);
}

int run(const Options& options) {
  const Config config = configure(options);
  const StopSignals signals;
  switch (options.rollback.phase) {
    case Phase::Cleanup: return roll_back_cleanup(config, options);
    case Phase::Snapshot: return roll_back_snapshot(config, options, signals.token());
    case Phase::Cutover: return roll_back_cutover(config, options, signals.token());
  }
  return to_int(ExitCode::Wrong);
}

}  // namespace agent::commands::rollback
