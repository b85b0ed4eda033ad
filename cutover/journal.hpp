#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "cutover/step.hpp"
#include "pg/connection_params.hpp"
#include "pg/session.hpp"

namespace cutover {

/// How far a step, or a whole cutover, is.
enum class Status : std::uint8_t {
  Running,      ///< begun, and not known to be over
  Done,         ///
  Failed,       ///< gave up; nothing of it is to be believed
  Aborted,      ///< taken back before the point of no return
  RollingBack,  ///< a rollback began, and did not come to its end: it can only be gone on with
  RolledBack,   ///< taken back after it was done, by `agent rollback`
};

[[nodiscard]] std::string_view to_string(Status status);

/// What the ledger remembers of a step. Times are text, as the target's clock had them.
struct StepRecord {
  Status status = Status::Running;
  std::string started_at;
  std::string finished_at;  ///< empty while it runs
  /// What is needed to go on or to take the step back. Never row values, never passwords.
  nlohmann::json detail = nlohmann::json::object();
};

/// One cutover, as the ledger remembers it.
struct Run {
  std::string id;
  StepRecord whole;  ///< of the cutover itself
  std::map<Step, StepRecord> steps;

  [[nodiscard]] bool is_open() const { return whole.status == Status::Running; }
  [[nodiscard]] bool is_done() const { return whole.status == Status::Done; }
  [[nodiscard]] bool is_done(Step step) const;
  [[nodiscard]] bool is_rolling_back() const { return whole.status == Status::RollingBack; }
  /// Nobody has taken it back, or not yet all of it.
  [[nodiscard]] bool stands() const { return is_open() || is_done() || is_rolling_back(); }
  /// Whether the step was begun and not taken back.
  [[nodiscard]] bool has_begun(Step step) const;
  /// What the step left to remember; null when there is nothing.
  [[nodiscard]] nlohmann::json detail(Step step) const;
  /// The point of no return is passed: the cutover only goes on, or was finished, or is being rolled back.
  [[nodiscard]] bool is_past_return() const { return stands() && has_begun(kPointOfNoReturn); }
};

/// The newest cutover that the ledger in `schema` knows; nothing when there was none, or no ledger. Throws what exec throws.
[[nodiscard]] std::optional<Run> last_run(pg::Session& target, const std::string& schema);

/// What a cutover writes down about itself: rows of migration_control (phase `cutover`, the step in `route`) with a line of audit_log
/// each, of `cutover`, or of `rollback cutover` when it is rolled back. Every function commits before it returns, so that a crash after it finds what was written.
class Journal {
 public:
  Journal(pg::ConnectionParams target, std::string schema, std::string actor);

  /// To be called before anything else. Waits for nobody: false when another process holds the cutover of this ledger. Held until this object goes, its
  /// process dies, or the connection ends on which all of this is written: whoever has lost the turn can write nothing any more. Called again, it takes
  /// anew a turn that was lost.
  [[nodiscard]] bool take_turn();
  /// Throws Error(Target) once the turn is lost: another process may have it.
  void require_turn();

  [[nodiscard]] std::optional<Run> last();
  /// Writes down that a cutover begins.
  [[nodiscard]] Run begin(const nlohmann::json& detail);
  /// Writes down what became of a step, and takes it over into `run`. `detail` is added to what is remembered already.
  void write(Run& run, Step step, Status status, const nlohmann::json& detail = nlohmann::json::object());
  /// The same of the cutover as a whole.
  void write(Run& run, Status status, const nlohmann::json& detail = nlohmann::json::object());

 private:
  /// The record as it is then: what could not be written did not happen.
  [[nodiscard]] StepRecord write_row(const Run& run, std::string_view route, const StepRecord& before, Status status,
                                     const nlohmann::json& detail);
  pg::ConnectionParams target_;
  std::string schema_;
  std::string actor_;
  std::optional<pg::Session> turn_;  // holds an advisory lock
  int turn_pid_ = 0;                 // the server's process that does so
};

}  // namespace cutover
