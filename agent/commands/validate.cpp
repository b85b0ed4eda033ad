#include "agent/commands/validate.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/report_file.hpp"
#include "agent/stop_signals.hpp"
#include "agent/validation.hpp"
#include "validate/html_report.hpp"
#include "validate/outcome_json.hpp"
#include "validate/summary.hpp"

namespace agent::commands::validate {

void declare(CLI::App& app, Options& options) {
  app.add_option("--table", options.validate.tables, "Only this source table (may be given several times)")
      ->type_name("TABLE");
  app.add_flag("--counts-only", options.validate.counts_only,
               "Only how many rows there are, not what they hold: never more than exit code 7");
  app.add_option("--report", options.validate.report, "Also writes a page (HTML) for people and auditors")
      ->type_name("FILE")
      ->check([](const std::string& file) { return file.empty() ? "name a file" : ""; });
  app.add_option("--max-load", options.validate.max_load, "Percent of its time that each worker works")
      ->type_name("PERCENT")
      ->check(CLI::Range(1, 100));
  app.footer(
      "Compares, as of one position of the source, what the mapping makes of every source row with the target, while "
      "both are\nin use. A running agent stands still for less than a second and goes on. Nothing that it keeps is "
      "believed.\nExit codes: 0 equal · 1 not equal · 7 not everything was checked, and what was is equal.");
}

int run(const Options& options) {
  const Config config = configure(options);
  // Before all the work: a report that cannot be written is known at once.
  std::optional<ReportFile> report;
  if (!options.validate.report.empty()) report.emplace(options.validate.report);
  const StopSignals signals;
  const auto outcome = run_validation(config, options.validate, options.as_json, signals.token());
  if (report) report->write(::validate::html_report(outcome));
  if (options.as_json) {
    std::cout << ::validate::to_json(outcome).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    std::cout << ::validate::to_text(outcome);
  }
  if (!outcome.match()) return to_int(ExitCode::Found);
  return to_int(outcome.is_complete() ? ExitCode::Done : ExitCode::Incomplete);
}

}  // namespace agent::commands::validate
