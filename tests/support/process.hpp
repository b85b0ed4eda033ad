#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/temp_dir.hpp"

namespace tests {

/// The exit code of a program that SIGKILL ended.
inline constexpr int kKilled = 128 + SIGKILL;

/// A user to run a program as, when the tests run as root.
struct UserIds {
  uid_t uid;
  gid_t gid;
};

/// What to run and how.
struct ProcessOptions {
  std::filesystem::path program;                                      ///< a path, not looked up in $PATH
  std::vector<std::string> args = {};                                 ///< without argv[0]
  std::vector<std::pair<std::string, std::string>> environment = {};  ///< added to, or replacing, this process's own
  std::vector<std::string> unset = {};                                ///< variables that the program must not see
  std::filesystem::path directory = {};                               ///< working directory; empty: this process's
  std::optional<UserIds> user = {};                                   ///< needs root
  int death_signal = SIGKILL;                                         ///< what it gets when the test process dies
};

/// A running program: started by the constructor, its output kept in files, addressed by its own pid only, killed and
/// reaped by the destructor. It dies with the thread that started it, even when the test is killed with SIGKILL.
class Process {
 public:
  /// Throws std::runtime_error when the program is missing, std::system_error when it cannot be started.
  explicit Process(ProcessOptions options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool is_running();

  /// Waits for the end. The exit code, or 128 + the signal that ended it, as shells have it. Throws Timeout, with the
  /// last lines of the output, when it still runs after `limit`; the process is left running then.
  int wait(std::chrono::milliseconds limit = std::chrono::seconds(60));

  /// Sends a signal; nothing happens when the process has ended.
  void kill(int signal);

  /// Waits until a whole line of either output matches the ECMAScript expression somewhere, looking from the beginning
  /// of the output; returns the line. Throws Timeout; or std::runtime_error when the process ends without such a line.
  std::string wait_for_line(const std::string& expression, std::chrono::milliseconds limit = std::chrono::seconds(30));

  /// Everything written so far.
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;

 private:
  [[nodiscard]] std::string describe() const;

  ProcessOptions options_;
  TempDir output_;
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

/// Runs a program to its end and returns its standard output; throws std::runtime_error with its error output unless it
/// exits with 0.
std::string run(ProcessOptions options, std::chrono::milliseconds limit = std::chrono::seconds(300));

}  // namespace tests
