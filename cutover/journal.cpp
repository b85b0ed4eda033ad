#include "cutover/journal.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "core/error.hpp"
#include "core/relation.hpp"
#include "cutover/audit.hpp"
#include "cutover/journal_sql.hpp"
#include "pg/quoting.hpp"

namespace cutover {

namespace {

using nlohmann::json;

constexpr std::array kStatuses = {Status::Running, Status::Done,        Status::Failed,
                                  Status::Aborted, Status::RollingBack, Status::RolledBack};

bool is_of_rollback(Status status) { return status == Status::RollingBack || status == Status::RolledBack; }

std::string with_schema(std::string_view sql, const std::string& schema) {
  return fmt::format(fmt::runtime(sql), fmt::arg("schema", pg::quote_identifier(schema)));
}

Status status_of(const std::string& name) {
  for (const Status status : kStatuses) {
    if (name == to_string(status)) return status;
  }
  throw core::Error(core::ErrorKind::State, "the ledger has a cutover in a state that this agent does not know")
      .with("status", name)
      .remedy("use the version of the agent that wrote it");
}

StepRecord record_of(const pg::Result& rows, std::size_t row) {
  return {.status = status_of(rows.text(row, 2)),
          .started_at = rows.text(row, 3),
          .finished_at = rows.get(row, 4) ? rows.text(row, 4) : std::string{},
          .detail = json::parse(rows.text(row, 5))};
}

std::string new_id() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

}  // namespace

std::string_view to_string(Status status) {
  switch (status) {
    case Status::Running: return "running";
    case Status::Done: return "done";
    case Status::Failed: return "failed";
    case Status::Aborted: return "aborted";
    case Status::RollingBack: return "rolling back";
    case Status::RolledBack: return "rolled back";
  }
  return "running";
}

bool Run::is_done(Step step) const {
  const auto found = steps.find(step);
  return found != steps.end() && found->second.status == Status::Done;
}

bool Run::has_begun(Step step) const {
  const auto found = steps.find(step);
  return found != steps.end() && found->second.status != Status::Aborted && !is_of_rollback(found->second.status);
}

json Run::detail(Step step) const {
  const auto found = steps.find(step);
  return found == steps.end() ? json() : found->second.detail;
}

std::optional<Run> last_run(pg::Session& target, const std::string& schema) {
  const std::string table = pg::quote_name(core::QualifiedName{schema, "migration_control"});
  if (!target.exec("select pg_catalog.to_regclass($1)", {std::string_view{table}}).get(0, 0)) return std::nullopt;
  const pg::Result rows = target.exec(with_schema(journal_sql::kLastRun, schema));
  if (rows.rows() == 0) return std::nullopt;
  Run run;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    run.id = rows.text(row, 0);
    if (rows.text(row, 1).empty()) {
      run.whole = record_of(rows, row);
    } else if (const auto step = step_of(rows.text(row, 1))) {
      run.steps[*step] = record_of(rows, row);
    }
  }
  return run;
}

Journal::Journal(pg::ConnectionParams target, std::string schema, std::string actor)
    : target_(std::move(target)), schema_(std::move(schema)), actor_(std::move(actor)) {}

pg::Session& Journal::session() {
  if (!session_ || session_->is_broken()) session_.emplace(target_, "cutover-journal");
  return *session_;
}

bool Journal::take_turn() {
  turn_.emplace(target_, "cutover-turn");
  const std::string name = "dispatch-sync cutover " + schema_;
  return turn_->exec(journal_sql::kTakeTurn, {std::string_view{name}}).is_true(0, 0);
}

std::optional<Run> Journal::last() { return last_run(session(), schema_); }

Run Journal::begin(const json& detail) {
  Run run;
  run.id = new_id();
  write(run, Status::Running, detail);
  return run;
}

void Journal::write(Run& run, Step step, Status status, const json& detail) {
  const auto known = run.steps.find(step);
  run.steps[step] =
      write_row(run, to_string(step), known == run.steps.end() ? StepRecord{} : known->second, status, detail);
}

void Journal::write(Run& run, Status status, const json& detail) {
  run.whole = write_row(run, "", run.whole, status, detail);
}

StepRecord Journal::write_row(const Run& run, std::string_view route, const StepRecord& before, Status status,
                              const json& detail) {
  json all = before.detail;
  all.update(detail);
  const std::string text = all.dump();
  pg::Session& target = session();
  pg::TransactionBlock block(target);
  const pg::Result row = target.exec(with_schema(journal_sql::kWrite, schema_),
                                     {std::string_view{run.id}, route, to_string(status), std::string_view{text}});
  audit(target, schema_, actor_, is_of_rollback(status) ? "rollback cutover" : "cutover",
        route.empty() ? "cutover" : route, {{"cutover", run.id}, {"status", to_string(status)}, {"detail", all}});
  block.commit();
  return {.status = status,
          .started_at = row.text(0, 0),
          .finished_at = row.get(0, 1) ? row.text(0, 1) : std::string{},
          .detail = std::move(all)};
}

}  // namespace cutover
