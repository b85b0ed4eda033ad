#include "agent/commands/validate.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/stop_signals.hpp"
#include "agent/validation.hpp"
#include "core/error.hpp"
#include "validate/html_report.hpp"
#include "validate/outcome_json.hpp"
#include "validate/summary.hpp"

namespace agent::commands::validate {

namespace {

/// Written whole or not at all.
void write_report(const std::string& file, const std::string& page) {
  const std::filesystem::path path{file};
  const std::filesystem::path fresh = file + ".new";
  std::ofstream out{fresh};
  out << page;
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(fresh, path, error);
  if (out && !error) return;
  throw core::Error(core::ErrorKind::Config, "cannot write the report")
      .with("file", file)
      .remedy("name a file that this user may write");
}

}  // namespace

void declare(CLI::App& app, Options& options) {
  app.add_option("--table", options.validate.tables, "Only this source table (may be given several times)")
      ->type_name("TABLE");
  app.add_flag("--counts-only", options.validate.counts_only,
               "Only how many rows there are, not what they hold: never more than exit code 7");
  app.add_option("--report", options.validate.report, "Also writes a page (HTML) for people and auditors")
      ->type_name("FILE");
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
  const StopSignals signals;
  const auto outcome = run_validation(config, options.validate, options.as_json, signals.token());
  if (!options.validate.report.empty()) write_report(options.validate.report, ::validate::html_report(outcome));
  if (options.as_json) {
    std::cout << ::validate::to_json(outcome).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    std::cout << ::validate::to_text(outcome);
  }
  if (!outcome.match()) return to_int(ExitCode::Found);
  return to_int(outcome.is_complete() ? ExitCode::Done : ExitCode::Incomplete);
}

}  // namespace agent::commands::validate
