#include "agent/commands/check.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/preflight.hpp"

namespace agent::commands::check {

void declare(CLI::App& app, Options& /*options*/) {
  app.footer("Changes nothing. Exit code 1 when an error is found; warnings alone give 0. 3: no source, 4: no target.");
}

int run(const Options& options) {
  const Preflight preflight = run_preflight(configure(options));
  if (options.as_json) {
    std::cout << to_json(preflight.findings).dump(2) << '\n';
  } else {
    std::cout << to_text(preflight.findings);
  }
  std::cout.flush();
  if (preflight.source_failure) print_error(*preflight.source_failure);
  if (preflight.target_failure) print_error(*preflight.target_failure);
  if (preflight.source_failure) return to_int(exit_code(preflight.source_failure->kind()));
  if (preflight.target_failure) return to_int(exit_code(preflight.target_failure->kind()));
  return to_int(has_error(preflight.findings) ? ExitCode::Found : ExitCode::Done);
}

}  // namespace agent::commands::check
