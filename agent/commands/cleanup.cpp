#include "agent/commands/cleanup.hpp"

#include <CLI/CLI.hpp>

#include "agent/cleanup_run.hpp"
#include "agent/environment.hpp"

namespace agent::commands::cleanup {

void declare(CLI::App& app, Options& options) {
  app.add_flag("--dry-run", options.cleanup.is_dry, "Print what would be done, with its SQL, and change nothing");
  app.add_flag("--yes", options.cleanup.is_confirmed, "Do not ask");
  app.footer(
      "Drops exactly the columns under cleanup.drop_columns of the mapping. Key and values go to an archive table in "
      "the "
      "ledger's\nschema first; `agent rollback cleanup` brings everything back. Refused (exit code 6) while something "
      "else hangs on a column\nand is not listed under cleanup.also_drop, and while a route still writes one.");
}

int run(const Options& options) { return clean_up(configure(options), options); }

}  // namespace agent::commands::cleanup
