#include "cutover/hook.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <system_error>

#include "core/error.hpp"
#include "core/pause.hpp"

namespace cutover {

namespace {

using core::Error;
using core::ErrorKind;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kHookLook{20};
/// Between asking it to end and ending it.
constexpr std::chrono::seconds kGrace{2};
/// Of what it writes, the end is kept.
constexpr std::size_t kMostOutput = 4096;
constexpr std::size_t kMostLine = 200;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

std::vector<std::string> environment_of(const Hook::Variables& variables) {
  constexpr std::array kKept = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ"};
  std::vector<std::string> environment;
  for (const char* name : kKept) {
    if (const char* value = std::getenv(name)) environment.push_back(std::string{name} + "=" + value);
  }
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  return environment;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// The last line of what it wrote that is not empty, as far as it is plain text.
std::string last_line(const std::string& output) {
  const std::size_t end = output.find_last_not_of(" \r\n\t");
  if (end == std::string::npos) return "none";
  const std::size_t newline = output.find_last_of('\n', end);
  std::string line = output.substr(newline == std::string::npos ? 0 : newline + 1, end - newline);
  if (line.size() > kMostLine) line.erase(0, line.size() - kMostLine);
  for (char& c : line) {
    if (c < ' ' || c > '~') c = '?';
  }
  return line;
}

/// The running program, with everything that it starts: a process group of its own.
class Running {
 public:
  Running(std::vector<std::string> command, std::vector<std::string> environment) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) fail(command.front(), errno);
    output_.emplace(ends[0]);
    // Our end alone: a program that writes much must find a pipe that waits.
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    const Descriptor writes{ends[1]};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, writes.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, writes.get(), STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    const auto arguments = pointers_to(command);
    const auto variables = pointers_to(environment);
    const int error =
        posix_spawn(&pid_, command.front().c_str(), &actions, &attributes, arguments.data(), variables.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) fail(command.front(), error);
  }
  ~Running() {
    if (!is_over_) signal(SIGKILL);
    if (!is_over_) waitpid(pid_, nullptr, 0);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] bool is_over() {
    read_output();
    if (!is_over_ && waitpid(pid_, &status_, WNOHANG) == pid_) {
      is_over_ = true;
      read_output();
    }
    return is_over_;
  }
  void signal(int number) const { ::kill(-pid_, number); }
  /// Asks it to end, and ends it when it does not.
  void end() {
    signal(SIGTERM);
    const auto give_up = Clock::now() + kGrace;
    while (!is_over() && Clock::now() < give_up) static_cast<void>(core::pause(kHookLook, {}));
    // What it started may be left.
    signal(SIGKILL);
  }
  /// How it ended; empty: well.
  [[nodiscard]] std::string failure() const {
    if (WIFSIGNALED(status_)) return "signal " + std::to_string(WTERMSIG(status_));
    const int code = WEXITSTATUS(status_);
    return code == 0 ? std::string{} : "exit code " + std::to_string(code);
  }
  [[nodiscard]] std::string last_words() const { return last_line(text_); }

 private:
  [[noreturn]] static void fail(const std::string& program, int error) {
    throw Error(ErrorKind::Refused, "a command of agent.yaml cannot be started")
        .with("program", program)
        .with("why", std::generic_category().message(error))
        .remedy("see cutover.fence_command and cutover.lift_command: is the file there, and may this user run it?");
  }

  void read_output() {
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = read(output_->get(), buffer.data(), buffer.size())) > 0;) {
      text_.append(buffer.data(), static_cast<std::size_t>(got));
      if (text_.size() > kMostOutput) text_.erase(0, text_.size() - kMostOutput);
    }
  }

  std::optional<Descriptor> output_;
  pid_t pid_ = -1;
  int status_ = 0;
  bool is_over_ = false;
  std::string text_;
};

}  // namespace

void Hook::run(const Variables& variables, std::chrono::milliseconds limit, const std::stop_token& stop) const {
  Running program{command_, environment_of(variables)};
  const auto give_up = Clock::now() + limit;
  while (!program.is_over()) {
    if (!core::pause(kHookLook, stop)) {
      program.end();
      throw Error(ErrorKind::Source, "a command of agent.yaml was interrupted")
          .with("program", command_.front())
          .transient();
    }
    if (Clock::now() < give_up) continue;
    program.end();
    throw Error(ErrorKind::Refused, "a command of agent.yaml does not end, and was ended")
        .with("program", command_.front())
        .with("seconds", std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count()))
        .with("last_line", program.last_words())
        .remedy("see why it hangs, or raise cutover.fence_timeout");
  }
  if (const std::string failure = program.failure(); !failure.empty()) {
    throw Error(ErrorKind::Refused, "a command of agent.yaml failed")
        .with("program", command_.front())
        .with("ended_with", failure)
        .with("last_line", program.last_words())
        .remedy("run it by hand to see what it says");
  }
}

std::string Hook::display() const {
  std::string text;
  for (const std::string& word : command_) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace cutover
