#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace agent {

/// How the commands talk to a running agent: a unix socket in its state directory, mode 0600. One JSON object per line each way:
///
///   → {"command":"status", …}
///   ← {"answer": …}   or   {"error":{"kind":"refused","message":"…","remedy":"…"}}
///   ← {"waits":true}  the answer is not there yet: ask the same again
///
/// A connection may ask several times. Requests are at most 1 MiB.
[[nodiscard]] std::filesystem::path control_socket_path(const std::filesystem::path& state_dir);

/// The agent's end, in a thread of its own. Destroying it removes the socket.
class ControlServer {
 public:
  /// Answers a request (the whole object); nothing when the answer is not there yet, and the same is to be asked again. May throw
  /// core::Error, which the asker gets. Runs in the server's thread, one at a time: what takes long delays the others.
  using Handler = std::function<std::optional<nlohmann::json>(const nlohmann::json& request)>;

  struct Limits {
    std::size_t request_bytes = 1U << 20U;
    std::size_t clients = 16;
    std::chrono::milliseconds idle{10000};  ///< a client that neither asks nor takes its answer for so long is dropped
  };

  /// Listens and starts the thread. A socket file that is there already is replaced: the caller holds the lock of the state
  /// directory, so it is a dead agent's. Throws Error(State).
  ControlServer(const std::filesystem::path& path, std::map<std::string, Handler> handlers);
  ControlServer(const std::filesystem::path& path, std::map<std::string, Handler> handlers, Limits limits);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// How long an answer may take for which the agent reads nothing: longer than a lease, the longest that it is busy with something else.
inline constexpr std::chrono::milliseconds kAnswerLimit{5000};

/// Asks the agent that holds this state directory, again and again while the answer is not there yet. Nothing when none runs (no socket, or nobody listens). Throws the agent's own
/// error, or Error(State) when it does not answer within `limit`.
[[nodiscard]] std::optional<nlohmann::json> ask_agent(const std::filesystem::path& state_dir,
                                                      const nlohmann::json& request,
                                                      std::chrono::milliseconds limit = kAnswerLimit);

}  // namespace agent
