#include "agent/cleanup_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/cleanup_order.hpp"
#include "agent/confirmation.hpp"
#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/stop_signals.hpp"
#include "apply/operator_name.hpp"
#include "core/error.hpp"
#include "cutover/cleanup.hpp"
#include "cutover/cleanup_rollback.hpp"
#include "cutover/journal.hpp"
#include "cutover/plan_text.hpp"
#include "cutover/schema_changes.hpp"
#include "mapping/mapping_file.hpp"
#include "mapping/sql_text.hpp"
#include "pg/session.hpp"

namespace agent {

namespace {

using nlohmann::ordered_json;

void print(const ordered_json& json) {
  std::cout << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

void print(const cutover::Plan& plan, bool as_json) {
  if (as_json) {
    print({{"statements", cutover::to_json(plan)}});
  } else {
    std::cout << cutover::to_text(plan);
  }
}

std::string database_of(pg::Session& target) { return target.exec("select pg_catalog.current_database()").text(0, 0); }

/// A column that a route writes goes only when nobody writes to it any more.
void require_nobody_writes(pg::Session& target, const Config& config, const mapping::MappingFile& file,
                           const cutover::CleanupOrder& order) {
  const auto run = cutover::last_run(target, config.target.ledger_schema);
  if (run && run->is_past_return()) return;
  for (const mapping::RouteEntry& route : file.routes) {
    for (const cutover::GoingColumns& going : order.going) {
      if (mapping::parse_table_name(route.to.text) != going.table) continue;
      for (const mapping::ColumnEntry& column : route.columns) {
        if (std::ranges::find(going.columns, column.name.text) == going.columns.end()) continue;
        throw core::Error(core::ErrorKind::Refused, "cleanup would drop a column that a route still writes")
            .with("file", file.path)
            .with("line", std::to_string(column.name.at.line))
            .with("table", going.table.display())
            .with("column", column.name.text)
            .remedy("take the column out of cleanup.drop_columns: it may go once nothing is written to it any more");
      }
    }
  }
}

void require_ledger(pg::Session& target, const Config& config) {
  if (cutover::SchemaChanges{config.target.ledger_schema}.exist(target)) return;
  throw core::Error(core::ErrorKind::Refused, "the target has no ledger: nothing was migrated into it")
      .with("schema", config.target.ledger_schema)
      .remedy("is this the right target? See target.url and target.ledger_schema in " + config.file.string());
}

void report_cleaned(const std::vector<cutover::CleanedTable>& cleaned, const std::vector<std::string>& mentions,
                    bool as_json) {
  ordered_json tables = ordered_json::array();
  for (const cutover::CleanedTable& table : cleaned) {
    tables.push_back({{"table", table.table.display()},
                      {"columns", table.columns},
                      {"rows", table.rows},
                      {"archive", table.archive}});
  }
  if (as_json) return print({{"tables", tables}, {"functions_that_mention", mentions}});
  if (cleaned.empty()) std::cout << "nothing to do: the columns are gone already\n";
  for (const cutover::CleanedTable& table : cleaned) {
    std::cout << fmt::format("{}: dropped {}; {} rows archived in {}; everything else is unchanged\n",
                             table.table.display(), fmt::join(table.columns, ", "), table.rows, table.archive);
  }
  for (const std::string& function : mentions) {
    std::cout << fmt::format(
        "warning: the function {} names one of the columns in its text; look whether it needs it\n", function);
  }
}

}  // namespace

int clean_up(const Config& config, const Options& options) {
  const mapping::MappingFile file = read_mapping(config);
  const cutover::CleanupOrder order = cleanup_order(config, file);
  const StopSignals signals;
  pg::Session target(target_params(config), "cleanup");
  require_ledger(target, config);
  const cutover::CleanupView view = cutover::inspect_cleanup(target, order);
  if (!view.is_done()) require_nobody_writes(target, config, file, order);
  if (options.cleanup.is_dry) {
    print(cutover::cleanup_plan(target, order), options.as_json);
    return to_int(ExitCode::Done);
  }
  if (!view.is_done()) {
    std::string what = "Drops columns of the target (agent rollback cleanup brings them back):\n";
    for (const cutover::GoingColumns& going : view.going) {
      what += fmt::format("  {}: {}\n", going.table.display(), fmt::join(going.columns, ", "));
    }
    require_confirmation(options.cleanup.is_confirmed, what, database_of(target));
  }
  report_cleaned(cutover::clean_up(target, order, {}, signals.token()), view.mentions, options.as_json);
  return to_int(ExitCode::Done);
}

int roll_back_cleanup(const Config& config, const Options& options) {
  const StopSignals signals;
  const std::string& schema = config.target.ledger_schema;
  pg::Session target(target_params(config), "rollback");
  const cutover::Plan plan = cutover::cleanup_rollback_plan(target, schema);
  if (options.rollback.is_dry) {
    print(plan, options.as_json);
    return to_int(ExitCode::Done);
  }
  if (!plan.empty()) {
    require_confirmation(options.rollback.is_confirmed,
                         "Brings back what cleanup dropped. The columns come last in their tables.\n",
                         database_of(target));
  }
  const cutover::CleanupRollback done =
      cutover::roll_back_cleanup(target, schema, apply::operator_name(), {}, signals.token());
  if (options.as_json) {
    ordered_json left = ordered_json::array();
    for (const auto& rule : done.left) left.push_back({{"sql", rule.sql}, {"reason", rule.reason}});
    print({{"statements", done.statements}, {"left", left}, {"archives", done.archives}});
  } else {
    std::cout << fmt::format("{} statements taken back\n", done.statements);
    for (const auto& rule : done.left) std::cout << fmt::format("left off: {}: {}\n", rule.reason, rule.sql);
    for (const std::string& archive : done.archives) std::cout << fmt::format("kept: the archive {}\n", archive);
  }
  return to_int(done.left.empty() ? ExitCode::Done : ExitCode::Found);
}

}  // namespace agent
