#include "agent/commands/quarantine.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agent/control_socket.hpp"
#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/parked_rows.hpp"
#include "agent/quarantine_ledger.hpp"
#include "core/error.hpp"
#include "pg/session.hpp"

namespace agent::commands::quarantine {

namespace {

using Action = Options::Quarantine::Action;

/// More than anybody reads; the totals say how many there are.
constexpr std::size_t kListed = 1000;
constexpr std::chrono::milliseconds kAnswerLimit{10000};
/// A retry derives rows and waits for a place between two batches.
constexpr std::chrono::milliseconds kRetryLimit{120000};

QuarantineSelection selection_of(const Options::Quarantine& options) {
  return {.route = options.route, .keys = options.keys};
}

nlohmann::ordered_json to_json(const QuarantinedRow& row) {
  return {{"route", row.route},       {"legacy_key", row.legacy_key},   {"status", "quarantined"},
          {"op", row.operation},      {"error_category", row.category}, {"sqlstate", row.sqlstate},
          {"message", row.message},   {"remedy", row.remedy},           {"lsn", row.lsn},
          {"attempts", row.attempts}, {"first_seen", row.first_seen},   {"last_seen", row.last_seen}};
}

/// Parked rows live in the local state: the running agent's, or else the directory's.
std::vector<ParkedRow> parked_rows(const Config& config, const std::string& route) {
  const auto answer =
      ask_agent(config.state_dir, {{"command", "parked"}, {"route", route}, {"limit", kListed}}, kAnswerLimit);
  if (!answer) {
    const Environment environment = prepare(config);
    const auto store = open_store_to_look(environment);
    return store ? find_parked(environment.plan, *store, route, kListed) : std::vector<ParkedRow>{};
  }
  std::vector<ParkedRow> rows;
  for (const nlohmann::json& row : answer->at("parked")) {
    rows.push_back({row.at("route").get<std::string>(), row.at("legacy_key").get<std::string>()});
  }
  return rows;
}

int list(const Config& config, const Options& options) {
  const QuarantineSelection selection = selection_of(options.quarantine);
  pg::Session target(target_params(config), "quarantine");
  const std::vector<QuarantinedRow> rows = read_quarantine(target, config.target.ledger_schema, selection, kListed);
  const std::int64_t total = count_quarantine(target, config.target.ledger_schema, selection);
  const std::vector<ParkedRow> parked = parked_rows(config, selection.route);

  if (options.as_json) {
    nlohmann::ordered_json json;
    json["quarantined_total"] = total;
    json["quarantined"] = nlohmann::ordered_json::array();
    for (const QuarantinedRow& row : rows) json["quarantined"].push_back(to_json(row));
    json["parked"] = nlohmann::ordered_json::array();
    for (const ParkedRow& row : parked)
      json["parked"].push_back({{"route", row.route}, {"legacy_key", row.legacy_key}, {"status", "parked"}});
    std::cout << json.dump(2) << '\n';
    return to_int(ExitCode::Done);
  }
  for (const QuarantinedRow& row : rows) {
    std::cout << fmt::format("quarantined {} {}: {}: {}{} (attempt {}, last {})\n", row.route, row.legacy_key,
                             row.category, row.message, row.sqlstate.empty() ? "" : " (SQLSTATE " + row.sqlstate + ")",
                             row.attempts, row.last_seen);
    if (!row.remedy.empty()) std::cout << "  remedy: " << row.remedy << '\n';
  }
  for (const ParkedRow& row : parked)
    std::cout << fmt::format("parked {} {}: waits for its parent\n", row.route, row.legacy_key);
  std::cout << fmt::format(
      "{} quarantined{}, {}{} parked\n", total,
      rows.size() < static_cast<std::size_t>(total) ? fmt::format(" (the first {} are shown)", rows.size()) : "",
      parked.size() == kListed ? "at least " : "", parked.size());
  return to_int(ExitCode::Done);
}

int show(const Config& config, const Options& options) {
  pg::Session target(target_params(config), "quarantine");
  const std::vector<QuarantinedRow> rows =
      read_quarantine(target, config.target.ledger_schema, selection_of(options.quarantine), kListed);
  if (rows.empty()) {
    throw core::Error(core::ErrorKind::Usage, "no such row is quarantined")
        .remedy("agent quarantine list shows those that are");
  }
  nlohmann::ordered_json json;
  json["quarantined"] = nlohmann::ordered_json::array();
  for (const QuarantinedRow& row : rows) {
    nlohmann::ordered_json entry = to_json(row);
    const auto image = read_quarantined_image(target, config.target.ledger_schema, row.id);
    entry["row"] = image ? nlohmann::ordered_json::parse(*image, nullptr, false) : nlohmann::ordered_json();
    json["quarantined"].push_back(std::move(entry));
  }
  if (options.as_json) {
    std::cout << json.dump(2) << '\n';
    return to_int(ExitCode::Done);
  }
  for (const nlohmann::ordered_json& entry : json["quarantined"]) {
    for (const auto& [name, value] : entry.items()) {
      if (value.is_null() || value == "") continue;
      std::cout << fmt::format("{:<15} {}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
    }
    std::cout << '\n';
  }
  return to_int(ExitCode::Done);
}

RetryResult retry_rows(const Config& config, const Options::Quarantine& selection, const RetryRows& retry) {
  const nlohmann::json request = {
      {"command", "quarantine_retry"}, {"route", selection.route}, {"keys", selection.keys}};
  if (const auto answer = ask_agent(config.state_dir, request, kRetryLimit)) {
    return {.retried = answer->value("retried", std::int64_t{0}),
            .applied = answer->value("applied", std::int64_t{0}),
            .still = answer->value("still", std::int64_t{0})};
  }
  if (retry) return retry(config, selection);
  throw core::Error(core::ErrorKind::State, "no agent is running that could retry the rows")
      .with("state_dir", config.state_dir.string())
      .remedy("start `agent run`, then retry");
}

int retry(const Config& config, const Options& options, const RetryRows& retry) {
  const RetryResult result = retry_rows(config, options.quarantine, retry);
  if (options.as_json) {
    std::cout << nlohmann::ordered_json{{"retried", result.retried},
                                        {"applied", result.applied},
                                        {"still", result.still}}
                     .dump(2)
              << '\n';
  } else {
    std::cout << fmt::format("{} retried: {} applied, {} still quarantined\n", result.retried, result.applied,
                             result.still);
  }
  return to_int(result.still > 0 ? ExitCode::Found : ExitCode::Done);
}

int discard(const Config& config, const Options& options) {
  const Options::Quarantine& selected = options.quarantine;
  if (selected.keys.empty() && !selected.all) {
    throw core::Error(core::ErrorKind::Usage, "which rows?")
        .remedy("name their keys, or give --all (of --route, if that is given)");
  }
  pg::Session target(target_params(config), "quarantine");
  const std::uint64_t count =
      discard_quarantined(target, config.target.ledger_schema, selection_of(selected), selected.reason);
  if (options.as_json) {
    std::cout << nlohmann::ordered_json{{"discarded", count}}.dump(2) << '\n';
  } else {
    std::cout << fmt::format("{} discarded\n", count);
  }
  return to_int(ExitCode::Done);
}

}  // namespace

void declare(CLI::App& app, Options& options) {
  Options::Quarantine& part = options.quarantine;
  app.require_subcommand(1);
  const auto action = [&app, &part](const char* name, const char* summary, Action value) {
    CLI::App* sub = app.add_subcommand(name, summary);
    sub->fallthrough();
    sub->add_option("--route", part.route, "Only rows of this route")->type_name("ROUTE");
    sub->parse_complete_callback([&part, value] { part.action = value; });
    return sub;
  };
  action("list", "Quarantined rows with reason and remedy, and parked ones; no row values", Action::List);

  CLI::App* show = action("show", "Everything about rows, their values included", Action::Show);
  show->add_option("KEY", part.keys, "Legacy keys")->required();
  show->footer("Prints the row's values to stdout: they may be personal data. They appear nowhere else.");

  CLI::App* retry = action("retry", "Tries rows again, after mapping, data or target were mended", Action::Retry);
  retry->add_option("KEY", part.keys, "Legacy keys; without any, all");

  CLI::App* discard =
      action("discard", "Gives rows up: they stay out of the target and are not reported again", Action::Discard);
  discard->add_option("KEY", part.keys, "Legacy keys");
  discard->add_flag("--all", part.all, "All quarantined rows (of --route, if that is given)");
  discard->add_option("--reason", part.reason, "Why; kept in the ledger with your name")->required()->type_name("TEXT");
}

int run(const Options& options, const RetryRows& retry_here) {
  const Config config = configure(options);
  switch (options.quarantine.action) {
    case Action::List: return list(config, options);
    case Action::Show: return show(config, options);
    case Action::Retry: return retry(config, options, retry_here);
    case Action::Discard: return discard(config, options);
  }
  return to_int(ExitCode::Wrong);
}

}  // namespace agent::commands::quarantine
