#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace core {

/// What an error allows its catcher to do. Retry loops and exit codes switch on this and nothing else.
enum class ErrorKind : std::uint8_t {
  Usage,     ///< wrong command line; nothing was started
  Config,    ///< agent.yaml; names file, line, column
  Mapping,   ///< mapping.yaml; names file, line, column
  Source,    ///< the legacy database cannot be reached or used
  Target,    ///< the target database cannot be reached or used
  InDoubt,   ///< connection lost at COMMIT: read the checkpoint again before deciding anything
  Data,      ///< a row that the target refuses (SQLSTATE 22xxx, 23xxx, …): bisect, quarantine, go on
  Protocol,  ///< bytes that make no sense: drop the connection, resume at the checkpoint
  Refused,   ///< going on would lose or damage data
  State,     ///< the local state is locked, damaged, or of another pair of databases
  Bug,       ///< a broken invariant of this program: stop before the next commit
};

[[nodiscard]] std::string_view to_string(ErrorKind kind);

/// The one exception type of the program: what failed, where, why, and what to do next.
/// Context values are identifiers, positions and counts; never row values, never secrets.
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string what);

  /// Adds where it happened (`route`, `key`, `lsn`, `file`, …). Returns *this so that throws read as one expression.
  Error& with(std::string name, std::string value) &;
  Error&& with(std::string name, std::string value) &&;
  /// What the operator should do next, as a sentence.
  Error& remedy(std::string text) &;
  Error&& remedy(std::string text) &&;
  /// The five-character SQLSTATE that the server gave.
  Error& sqlstate(std::string code) &;
  Error&& sqlstate(std::string code) &&;
  /// Marks the error as one that goes away by itself (lost connection, deadlock, disk full): roll back, back off, retry.
  Error& transient() &;
  Error&& transient() &&;

  [[nodiscard]] ErrorKind kind() const { return kind_; }
  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] const std::string& remedy() const { return remedy_; }
  [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }
  [[nodiscard]] bool is_transient() const { return transient_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& context() const { return context_; }
  /// Value of a context entry, empty when absent.
  [[nodiscard]] std::string_view context(std::string_view name) const;

  /// One line: message, SQLSTATE, `name=value` pairs, remedy.
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  void compose();

  ErrorKind kind_;
  std::string message_;
  std::string remedy_;
  std::string sqlstate_;
  bool transient_ = false;
  std::vector<std::pair<std::string, std::string>> context_;
  std::string text_;
};

}  // namespace core
