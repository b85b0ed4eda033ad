#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace cutover {

/// A program of the operator's, with a time limit. Its environment is made for it (PATH, HOME, USER, LOGNAME, LANG, TZ as they are here, and what is
/// given): neither the agent's URLs nor its credentials reach it. Its standard input is empty.
class Hook {
 public:
  using Variables = std::vector<std::pair<std::string, std::string>>;

  /// `command`: an absolute path and arguments; no shell reads them.
  explicit Hook(std::vector<std::string> command) : command_(std::move(command)) {}

  /// Returns when it has ended with 0. Throws Error(Refused) otherwise: it cannot be started, ends with something else (with the last line that it wrote),
  /// or takes longer than `limit`, when it is ended with everything that it started; Error(Source), transient, when stopped.
  void run(const Variables& variables, std::chrono::milliseconds limit, const std::stop_token& stop) const;

  [[nodiscard]] const std::vector<std::string>& command() const { return command_; }
  /// As one line, for people.
  [[nodiscard]] std::string display() const;

 private:
  std::vector<std::string> command_;
};

}  // namespace cutover
