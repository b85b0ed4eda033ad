#include "cutover/journal.hpp"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

#include "core/error.hpp"
#include "core/pause.hpp"
#include "core/relation.hpp"
#include "cutover/audit.hpp"
#include "cutover/journal_sql.hpp"
#include "pg/quoting.hpp"

namespace cutover {

namespace {

using nlohmann::json;

constexpr std::array kStatuses = {Status::Running, Status::Done,        Status::Failed,
                                  Status::Aborted, Status::RollingBack, Status::RolledBack};

// A server ends a process that it was told to end at the next message, or where that one waits.
constexpr std::chrono::seconds kFormerLimit{30};
constexpr std::chrono::milliseconds kFormerLook{50};

core::Error lost_turn() {
  return core::Error(core::ErrorKind::Target,
                     "this process has lost its turn at the cutover: the target has ended the session that held it")
      .remedy("see `agent status` for what has become of it, then run `agent cutover` again");
}

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

bool Journal::take_turn() {
  if (turn_) {
    try {
      require_turn();
      return true;
    } catch (const core::Error&) {
      turn_.reset();
    }
  }
  const std::string name = "dispatch-sync cutover " + schema_;
  const std::string former = std::to_string(std::exchange(turn_pid_, 0));
  turn_.emplace(target_, "cutover-turn");
  const auto is_taken = [&] { return turn_->exec(journal_sql::kTakeTurn, {std::string_view{name}}).is_true(0, 0); };
  const auto give_up = std::chrono::steady_clock::now() + kFormerLimit;
  bool is_former_gone = false;
  while (!is_taken()) {
    if (is_former_gone || std::chrono::steady_clock::now() > give_up) return false;
    is_former_gone =
        turn_->exec(journal_sql::kEndFormer, {std::string_view{name}, std::string_view{former}}).rows() == 0;
    if (!is_former_gone) static_cast<void>(core::pause(kFormerLook, {}));
  }
  turn_pid_ = turn_->backend_pid();
  return true;
}

void Journal::require_turn() {
  if (!turn_) throw lost_turn();
  try {
    if (turn_->exec(journal_sql::kHasTurn).is_true(0, 0)) return;
  } catch (const core::Error& error) {
    throw lost_turn().with("because", error.message()).sqlstate(error.sqlstate());
  }
  throw lost_turn();
}

std::optional<Run> Journal::last() { return last_run(*turn_, schema_); }

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
  require_turn();
  pg::Session& target = *turn_;
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
