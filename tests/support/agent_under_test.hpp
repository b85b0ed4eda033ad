#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/database.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

namespace tests {

/// What one command of the agent came to.
struct CommandResult {
  int exit_code = -1;
  std::string out = {};
  std::string err = {};
};

/// How a tested agent is configured: the keys of agent.yaml that tests vary.
struct AgentOptions {
  std::string source_url;
  std::string target_url;
  std::string mapping;  ///< text of mapping.yaml
  std::string slot = "dispatch_sync";
  std::string publication = "dispatch_sync";
  std::uint32_t workers = 2;
  std::uint32_t chunk_rows = 50'000;
  std::uint32_t batch_rows = 2'000;
  std::string max_quarantine = "0.5%";
  std::uint32_t memory_mb = 64;
  std::string cutover = {};  ///< the section `cutover:` as YAML; empty: none
};

/// The agent's program with a configuration, a mapping and a state directory of its own, all in a temporary directory.
/// Commands run to their end by command(); start() leaves `agent run` in the background, where it is stopped or killed.
class AgentUnderTest {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  explicit AgentUnderTest(AgentOptions options);
  ~AgentUnderTest();
  AgentUnderTest(const AgentUnderTest&) = delete;
  AgentUnderTest& operator=(const AgentUnderTest&) = delete;

  /// Runs `agent --config … args` to its end. Throws Timeout.
  CommandResult command(std::vector<std::string> args, const Environment& environment = {},
                        std::chrono::milliseconds limit = std::chrono::minutes(3)) const;
  /// The same; throws std::runtime_error with the agent's errors unless it exits with 0. Returns its standard output.
  std::string must(std::vector<std::string> args, const Environment& environment = {}) const;

  /// Starts a command and leaves it to the caller.
  [[nodiscard]] std::unique_ptr<Process> begin(std::vector<std::string> args,
                                               const Environment& environment = {}) const;

  /// Starts `agent run`. Throws std::logic_error while one runs.
  void start(const Environment& environment = {});
  [[nodiscard]] bool is_running() { return process_ && process_->is_running(); }
  /// The started agent. Throws std::logic_error when there is none.
  [[nodiscard]] Process& process();
  /// SIGKILL, at once; returns when it is gone.
  void kill();
  /// SIGTERM; the exit code.
  int stop();
  /// Waits until `agent run` ends by itself; the exit code.
  int wait(std::chrono::milliseconds limit = std::chrono::minutes(2));

  /// `agent status --json` as text, also when it exits with 6 for want of balance.
  [[nodiscard]] std::string status() const;
  /// Waits until the started agent's log says that it streams. Throws std::runtime_error when it ends before.
  void wait_streaming(std::chrono::milliseconds limit = std::chrono::minutes(2));
  /// Waits until everything that the source committed so far is on the target, by the target's own checkpoint. Throws
  /// std::runtime_error when the agent ends before.
  void wait_applied(std::chrono::milliseconds limit = std::chrono::minutes(2));

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_.path(); }
  [[nodiscard]] std::filesystem::path state_dir() const { return directory_.path() / "state"; }
  [[nodiscard]] std::filesystem::path config_file() const { return directory_.path() / "agent.yaml"; }
  [[nodiscard]] std::filesystem::path mapping_file() const { return directory_.path() / "mapping.yaml"; }
  /// What is configured now; after a change, configure() writes it.
  [[nodiscard]] AgentOptions& options() { return options_; }
  void configure() const;

 private:
  [[nodiscard]] ProcessOptions process_options(std::vector<std::string> args, const Environment& environment) const;
  void require_running();

  AgentOptions options_;
  TempDir directory_;
  std::unique_ptr<Process> process_;
};

}  // namespace tests
