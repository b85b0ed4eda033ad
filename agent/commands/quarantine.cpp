#include "agent/commands/quarantine.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/control_socket.hpp"
#include "agent/cutover_run.hpp"
#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/parked_rows.hpp"
#include "agent/quarantine_ledger.hpp"
#include "agent/unknown_route.hpp"
#include "apply/operator_name.hpp"
#include "core/error.hpp"
#include "mapping/sql_text.hpp"
#include "pg/session.hpp"

namespace agent::commands::quarantine {

namespace {

using Action = Options::Quarantine::Action;

/// More than anybody reads; the totals say how many there are.
constexpr std::size_t kListed = 1000;
constexpr std::chrono::milliseconds kListLimit{10000};
/// What changes rows waits for its turn between two batches, and these for a target that is away.
constexpr std::chrono::milliseconds kTurnLimit{120000};

QuarantineSelection selection_of(const Options::Quarantine& options) {
  return {.route = options.route, .keys = options.keys};
}

nlohmann::ordered_json to_json(const QuarantinedRow& row) {
  return {{"route", row.route},       {"legacy_key", row.legacy_key},   {"status", "quarantined"},
          {"op", row.operation},      {"error_category", row.category}, {"sqlstate", row.sqlstate},
          {"message", row.message},   {"remedy", row.remedy},           {"lsn", row.lsn},
          {"attempts", row.attempts}, {"first_seen", row.first_seen},   {"last_seen", row.last_seen}};
}

nlohmann::ordered_json to_json(const AcceptedRow& row) {
  return {{"route", row.route}, {"legacy_key", row.legacy_key}, {"status", "accepted"}, {"op", row.operation},
          {"at", row.at},       {"actor", row.actor},           {"reason", row.reason}};
}

/// Parked rows live in the local state: the running agent's, or else the directory's.
std::vector<ParkedRow> parked_rows(const Config& config, const QuarantineSelection& selection) {
  const nlohmann::json question = {
      {"command", "parked"}, {"route", selection.route}, {"keys", selection.keys}, {"limit", kListed}};
  if (const auto answer = ask_agent(config.state_dir, question, kListLimit)) return parked_rows_of(*answer);
  const Environment environment = prepare(config);
  const auto store = open_store_to_look(environment);
  return store ? find_parked(environment.plan, *store, selection, kListed) : std::vector<ParkedRow>{};
}

/// `its parent doctor 17 (doctor_id)`, or several.
std::string parents_text(const ParkedRow& row) {
  if (row.waits_for.empty()) return "its parent";
  std::vector<std::string> parents;
  for (const ParkedRow::Parent& parent : row.waits_for) {
    const std::string column = parent.column.empty() ? "" : " (" + parent.column + ")";
    parents.push_back(parent.entity + " " + parent.legacy_key + column);
  }
  return fmt::format("{}", fmt::join(parents, ", "));
}

/// A name that is mistaken finds nothing, which looks like good news.
void require_route(const Config& config, const std::string& name) {
  const ::mapping::MappingFile file = read_mapping(config);
  const bool is_known = std::ranges::any_of(file.routes, [&](const ::mapping::RouteEntry& route) {
    return name == (route.name ? route.name->text : ::mapping::parse_table_name(route.to.text).name);
  });
  if (!is_known) throw unknown_route(name);
}

int list(const Config& config, const Options& options) {
  const QuarantineSelection selection = selection_of(options.quarantine);
  pg::Session target(target_params(config), "quarantine");
  const std::vector<QuarantinedRow> rows = read_quarantine(target, config.target.ledger_schema, selection, kListed);
  const std::int64_t total = count_quarantine(target, config.target.ledger_schema, selection);
  std::vector<ParkedRow> parked = parked_rows(config, selection);
  const std::vector<AcceptedRow> accepted =
      read_accepted(target, config.target.ledger_schema, selection.route, kListed);
  std::erase_if(parked, [&](const ParkedRow& row) {
    return std::any_of(accepted.begin(), accepted.end(), [&](const AcceptedRow& one) {
      return one.operation == "park" && one.route == row.route && one.legacy_key == row.legacy_key;
    });
  });

  if (!selection.route.empty() && rows.empty() && parked.empty() && accepted.empty())
    require_route(config, selection.route);

  if (options.as_json) {
    nlohmann::ordered_json json;
    json["quarantined_total"] = total;
    json["quarantined"] = nlohmann::ordered_json::array();
    for (const QuarantinedRow& row : rows) json["quarantined"].push_back(to_json(row));
    json["parked"] = nlohmann::ordered_json::array();
    for (const ParkedRow& row : parked) json["parked"].push_back(to_json(row));
    json["accepted"] = nlohmann::ordered_json::array();
    for (const AcceptedRow& row : accepted) json["accepted"].push_back(to_json(row));
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
    std::cout << fmt::format("parked {} {}: waits for {}\n", row.route, row.legacy_key, parents_text(row));
  for (const AcceptedRow& row : accepted)
    std::cout << fmt::format("accepted {} {}: {} ({}, {})\n", row.route, row.legacy_key, row.reason, row.actor, row.at);
  std::cout << fmt::format(
      "{} quarantined{}, {}{} parked, {}{} accepted\n", total,
      rows.size() < static_cast<std::size_t>(total) ? fmt::format(" (the first {} are shown)", rows.size()) : "",
      parked.size() == kListed ? "at least " : "", parked.size(), accepted.size() == kListed ? "at least " : "",
      accepted.size());
  return to_int(ExitCode::Done);
}

int show(const Config& config, const Options& options) {
  const QuarantineSelection selection = selection_of(options.quarantine);
  pg::Session target(target_params(config), "quarantine");
  const std::vector<QuarantinedRow> rows = read_quarantine(target, config.target.ledger_schema, selection, kListed);
  const std::vector<ParkedRow> parked = parked_rows(config, selection);
  if (rows.empty() && parked.empty()) {
    throw core::Error(core::ErrorKind::Usage, "no such row is quarantined or parked")
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
  json["parked"] = nlohmann::ordered_json::array();
  for (const ParkedRow& row : parked) json["parked"].push_back(to_json(row));
  if (options.as_json) {
    std::cout << json.dump(2) << '\n';
    return to_int(ExitCode::Done);
  }
  const auto print = [](const char* name, const std::string& text) {
    if (!text.empty()) std::cout << fmt::format("{:<15} {}\n", name, text);
  };
  for (const nlohmann::ordered_json& entry : json["quarantined"]) {
    for (const auto& [name, value] : entry.items()) {
      if (!value.is_null()) print(name.c_str(), value.is_string() ? value.get<std::string>() : value.dump());
    }
    std::cout << '\n';
  }
  for (const ParkedRow& row : parked) {
    print("route", row.route);
    print("legacy_key", row.legacy_key);
    print("status", "parked");
    print("waits_for", parents_text(row));
    std::cout << '\n';
  }
  return to_int(ExitCode::Done);
}

/// Asks the running agent page by page, as long as its answer has a place to go on from. False when no agent runs.
bool ask_for_pages(const Config& config, nlohmann::json question,
                   const std::function<void(const nlohmann::json& answer)>& add) {
  question["place"] = nullptr;
  do {
    const auto answer = ask_agent(config.state_dir, question, kTurnLimit);
    if (!answer && question["place"].is_null()) return false;
    if (!answer) {
      throw core::Error(core::ErrorKind::State, "the running agent ended in the middle of it")
          .with("state_dir", config.state_dir.string())
          .remedy("do it again: what was done stays done");
    }
    add(*answer);
    question["place"] = answer->at("place");
  } while (!question["place"].is_null());
  return true;
}

/// What the running agent made of the rows. Nothing when no agent runs.
std::optional<RetryResult> ask_for_retry(const Config& config, const Options::Quarantine& selection) {
  RetryResult total;
  const bool is_done = ask_for_pages(config,
                                     {{"command", "quarantine_retry"},
                                      {"route", selection.route},
                                      {"keys", selection.keys},
                                      {"actor", apply::operator_name()}},
                                     [&](const nlohmann::json& answer) {
                                       total += {.retried = answer.at("retried").get<std::int64_t>(),
                                                 .applied = answer.at("applied").get<std::int64_t>(),
                                                 .still = answer.at("still").get<std::int64_t>()};
                                     });
  return is_done ? std::optional{total} : std::nullopt;
}

RetryResult retry_rows(const Config& config, const Options::Quarantine& selection, const Here& here) {
  const auto result = ask_for_retry(config, selection);
  return result ? *result : here.retry(config, selection);
}

int retry(const Config& config, const Options& options, const Here& here) {
  require_not_switched(config);
  const RetryResult result = retry_rows(config, options.quarantine, here);
  if (result.retried == 0 && !options.quarantine.keys.empty()) {
    throw core::Error(core::ErrorKind::Usage, "none of these rows is quarantined")
        .remedy("agent quarantine list shows those that are");
  }
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

int discard(const Config& config, const Options& options, const Here& here) {
  const Options::Quarantine& selected = options.quarantine;
  if (selected.keys.empty() && !selected.all) {
    throw core::Error(core::ErrorKind::Usage, "which rows?")
        .remedy("name their keys, or give --all (of --route, if that is given)");
  }
  require_not_switched(config);
  const DiscardRequest request{.selection = selection_of(selected),
                               .acceptance = {.actor = apply::operator_name(), .reason = selected.reason}};
  nlohmann::json asked = to_json(request);
  asked["command"] = "quarantine_discard";
  DiscardResult result;
  const bool is_done =
      ask_for_pages(config, asked, [&](const nlohmann::json& answer) { result += discard_result_of(answer); });
  if (!is_done) result = here.discard(config, request);
  if (options.as_json) {
    std::cout << nlohmann::ordered_json{{"discarded", result.quarantined + result.parked},
                                        {"quarantined", result.quarantined},
                                        {"parked", result.parked}}
                     .dump(2)
              << '\n';
  } else {
    std::cout << fmt::format("{} given up: {} quarantined, {} parked\n", result.quarantined + result.parked,
                             result.quarantined, result.parked);
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

  CLI::App* show = action(
      "show", "Everything about rows: of quarantined ones the values, of parked ones what they wait for", Action::Show);
  show->add_option("KEY", part.keys, "Legacy keys")->required();
  show->footer("Prints a quarantined row's values to stdout: they may be personal data. They appear nowhere else.");

  CLI::App* retry = action("retry", "Tries rows again, after mapping, data or target were mended", Action::Retry);
  retry->add_option("KEY", part.keys, "Legacy keys, of rows that were given up too; without any, all that are listed");

  CLI::App* discard =
      action("discard", "Gives quarantined or parked rows up: they stay out of the target, and count as accepted",
             Action::Discard);
  discard->add_option("KEY", part.keys, "Legacy keys");
  discard->add_flag("--all", part.all, "All quarantined and parked rows (of --route, if that is given)");
  discard->add_option("--reason", part.reason, "Why; kept in the ledger with your name")
      ->required()
      ->type_name("TEXT")
      ->check([](const std::string& reason) {
        return reason.find_first_not_of(" \t\n") == std::string::npos ? "say why in words" : "";
      });
}

int run(const Options& options, const Here& here) {
  const Config config = configure(options);
  switch (options.quarantine.action) {
    case Action::List: return list(config, options);
    case Action::Show: return show(config, options);
    case Action::Retry: return retry(config, options, here);
    case Action::Discard: return discard(config, options, here);
  }
  return to_int(ExitCode::Wrong);
}

}  // namespace agent::commands::quarantine
