#include "agent/control_socket.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <list>
#include <nlohmann/json.hpp>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "agent/unix_socket.hpp"
#include "core/error.hpp"
#include "core/thread_name.hpp"

namespace agent {

namespace {

using Clock = std::chrono::steady_clock;
using core::Error;
using core::ErrorKind;
using nlohmann::json;

constexpr std::array kKinds = {ErrorKind::Usage,   ErrorKind::Config,  ErrorKind::Mapping, ErrorKind::Source,
                               ErrorKind::Target,  ErrorKind::InDoubt, ErrorKind::Data,    ErrorKind::Protocol,
                               ErrorKind::Refused, ErrorKind::State,   ErrorKind::Bug};

json error_answer(const Error& error) {
  return {{"error",
           {{"kind", core::to_string(error.kind())},
            {"message", error.message()},
            {"sqlstate", error.sqlstate()},
            {"is_transient", error.is_transient()},
            {"remedy", error.remedy()}}}};
}

Error error_of(const json& answer) {
  const std::string name = answer.value("kind", "");
  const auto* kind = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](ErrorKind candidate) { return core::to_string(candidate) == name; });
  Error error(kind == kKinds.end() ? ErrorKind::State : *kind, answer.value("message", "the running agent refused"));
  error.sqlstate(answer.value("sqlstate", ""));
  error.remedy(answer.value("remedy", ""));
  if (answer.value("is_transient", false)) error.transient();
  return error;
}

std::string line_of(const json& object) { return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"; }

/// Milliseconds for poll(), rounded up so that it does not spin just before the deadline.
int poll_timeout(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60000));
}

}  // namespace

std::filesystem::path control_socket_path(const std::filesystem::path& state_dir) { return state_dir / "agent.sock"; }

struct ControlServer::Impl {
  struct Client {
    FileDescriptor connection;
    Clock::time_point drop_at;
    std::string received = {};
    std::string to_send = {};
    bool is_closing = false;  ///< no more requests; goes when the answer is out
  };

  // Constant after construction.
  std::filesystem::path path;
  std::map<std::string, Handler> handlers;
  Limits limits;
  FileDescriptor listener;
  FileDescriptor wake_up;

  // Of the thread.
  std::list<Client> clients = {};

  // Last: joined before what it uses goes.
  std::jthread thread = {};

  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<pollfd> polled = {{wake_up.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}};
      if (clients.size() >= limits.clients) polled[1].events = 0;  // the backlog holds the others
      Clock::time_point next = Clock::now() + std::chrono::seconds(60);
      for (const Client& client : clients) {
        const int events = client.to_send.empty() ? POLLIN : POLLOUT;
        polled.push_back({client.connection.get(), static_cast<short>(events), 0});
        next = std::min(next, client.drop_at);
      }
      if (poll(polled.data(), polled.size(), poll_timeout(next)) < 0 && errno != EINTR) return;
      std::size_t i = 2;
      for (auto client = clients.begin(); client != clients.end(); ++i) {
        const bool is_ready = polled[i].revents != 0;
        const bool stays = is_ready ? serve(*client) : Clock::now() < client->drop_at;
        client = stays ? std::next(client) : clients.erase(client);
      }
      if ((polled[1].revents & POLLIN) != 0) accept_client();
    }
  }

  void accept_client() {
    FileDescriptor connection(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection.is_open()) clients.push_back({std::move(connection), Clock::now() + limits.idle});
  }

  /// Moves bytes as far as they go. False when the client is done with.
  bool serve(Client& client) {
    client.drop_at = Clock::now() + limits.idle;
    if (client.to_send.empty()) {
      std::array<char, 65536> buffer;
      const ssize_t count = recv(client.connection.get(), buffer.data(), buffer.size(), 0);
      if (count == 0) return false;
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      client.received.append(buffer.data(), static_cast<std::size_t>(count));
      answer_lines(client);
    }
    return send_pending(client);
  }

  void answer_lines(Client& client) const {
    std::size_t end = 0;
    while (!client.is_closing && (end = client.received.find('\n')) != std::string::npos &&
           end <= limits.request_bytes) {
      client.to_send += answer(std::string_view(client.received).substr(0, end));
      client.received.erase(0, end + 1);
    }
    if (client.received.size() > limits.request_bytes) {
      client.to_send += line_of(error_answer(Error(ErrorKind::Usage, "the request is too large")));
      client.received.clear();
      client.is_closing = true;
    }
  }

  bool send_pending(Client& client) const {
    while (!client.to_send.empty()) {
      const ssize_t count = send(client.connection.get(), client.to_send.data(), client.to_send.size(), MSG_NOSIGNAL);
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      client.to_send.erase(0, static_cast<std::size_t>(count));
    }
    return !client.is_closing;
  }

  /// One answer line; whatever the handler throws becomes an error answer, so that no request can end the thread.
  [[nodiscard]] std::string answer(std::string_view request_line) const {
    try {
      const json request = json::parse(request_line, nullptr, false);
      if (!request.is_object() || !request.contains("command") || !request["command"].is_string()) {
        throw Error(ErrorKind::Usage, "a request is a JSON object with a \"command\"");
      }
      const auto handler = handlers.find(request["command"].get<std::string>());
      if (handler == handlers.end()) {
        throw Error(ErrorKind::Usage, "the running agent does not know this request")
            .remedy("it may be of another version, or in a phase that does not allow it: restart it, or ask later");
      }
      std::optional<json> answer = handler->second(request);
      return line_of(answer ? json{{"answer", std::move(*answer)}} : json{{"waits", true}});
    } catch (const Error& error) {
      return line_of(error_answer(error));
    } catch (const std::exception& error) {
      return line_of(error_answer(Error(ErrorKind::Bug, error.what())));
    }
  }
};

ControlServer::ControlServer(const std::filesystem::path& path, std::map<std::string, Handler> handlers)
    : ControlServer(path, std::move(handlers), Limits{}) {}

ControlServer::ControlServer(const std::filesystem::path& path, std::map<std::string, Handler> handlers, Limits limits)
    : impl_(new Impl{path, std::move(handlers), limits, listen_at(path),
                     FileDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))}) {
  impl_->thread = std::jthread([impl = impl_.get()](const std::stop_token& stop) {
    core::name_thread("control");
    impl->run(stop);
  });
}

ControlServer::~ControlServer() {
  impl_->thread.request_stop();
  const std::uint64_t one = 1;
  // Cannot fail: the counter is far from its limit.
  [[maybe_unused]] const ssize_t written = write(impl_->wake_up.get(), &one, sizeof one);
  impl_->thread.join();
  unlink(impl_->path.c_str());
}

std::optional<json> ask_agent(const std::filesystem::path& state_dir, const json& request,
                              std::chrono::milliseconds limit) {
  const std::filesystem::path path = control_socket_path(state_dir);
  const FileDescriptor connection = connect_to(path);
  if (!connection.is_open()) return std::nullopt;

  const Clock::time_point deadline = Clock::now() + limit;
  bool does_wait = false;  // it lives, and has said that the answer is not there yet
  const auto too_late = [&] {
    const std::string in_time = " within " + std::to_string(limit.count()) + " ms";
    Error error(ErrorKind::State, does_wait ? "the running agent did not come to it" + in_time
                                            : "the running agent does not answer" + in_time);
    return error.with("socket", path.string())
        .remedy(does_wait ? "see `agent status` and its log for what keeps it; it may still do what was asked, and the "
                            "same may be asked again"
                          : "look at its log; if it hangs, restart it: nothing is lost");
  };
  const auto wait = [&](int events) {
    pollfd polled{connection.get(), static_cast<short>(events), 0};
    while (true) {
      const int ready = poll(&polled, 1, poll_timeout(deadline));
      if (ready > 0) return;
      if (ready == 0 && Clock::now() >= deadline) throw too_late();
    }
  };
  const auto hung_up = [&] {
    return Error(ErrorKind::State, "the running agent hung up")
        .with("socket", path.string())
        .remedy("it may be stopping: try again");
  };

  const std::string line = line_of(request);
  const auto ask_once = [&] {
    for (std::size_t sent = 0; sent < line.size();) {
      wait(POLLOUT);
      const ssize_t count = send(connection.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
      if (count >= 0) {
        sent += static_cast<std::size_t>(count);
      } else if (errno != EAGAIN && errno != EINTR) {
        break;  // it may have answered why before it hung up
      }
    }
    std::string received;
    while (received.find('\n') == std::string::npos) {
      wait(POLLIN);
      std::array<char, 65536> buffer;
      const ssize_t count = recv(connection.get(), buffer.data(), buffer.size(), 0);
      if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) throw hung_up();
      if (count > 0) received.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return json::parse(received.substr(0, received.find('\n')), nullptr, false);
  };
  json answer = ask_once();
  while (answer.is_object() && answer.contains("waits")) {
    does_wait = true;
    if (Clock::now() >= deadline) throw too_late();
    answer = ask_once();
  }
  if (answer.is_object() && answer.contains("error")) throw error_of(answer["error"]);
  if (!answer.is_object() || !answer.contains("answer")) {
    throw Error(ErrorKind::State, "the running agent's answer makes no sense").with("socket", path.string());
  }
  return std::move(answer["answer"]);
}

}  // namespace agent
