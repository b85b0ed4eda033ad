#include "tests/support/process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>

#include "tests/support/system_error.hpp"
#include "tests/support/wait.hpp"

namespace tests {

namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string last_lines(const std::string& text) {
  constexpr std::size_t kMostBytes = 4000;  // about forty lines: enough to see why, little enough to read
  return text.size() <= kMostBytes ? text : "…" + text.substr(text.size() - kMostBytes);
}

std::vector<std::string> environment_of(const ProcessOptions& options) {
  std::vector<std::string> result;
  const auto is_replaced = [&](std::string_view name) {
    return std::ranges::any_of(options.environment, [&](const auto& pair) { return pair.first == name; }) ||
           std::ranges::find(options.unset, name) != options.unset.end();
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!is_replaced(text.substr(0, text.find('=')))) {
      result.emplace_back(text);
    }
  }
  for (const auto& [name, value] : options.environment) {
    result.push_back(fmt::format("{}={}", name, value));
  }
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& text : strings) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

int open_for_writing(const fs::path& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd == -1) {
    throw_errno("open " + path.string());
  }
  return fd;
}

/// Runs in the new process, where only async-signal-safe calls are allowed: this process may have had other threads.
[[noreturn]] void become(const ProcessOptions& options, pid_t parent, int out, int err, char** args,
                         char** environment) {
  const auto give_up = [](std::string_view what) {
    [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, what.data(), what.size());
    _exit(127);
  };
  const int nothing = open("/dev/null", O_RDONLY);
  if (dup2(nothing, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1 || dup2(err, STDERR_FILENO) == -1) {
    _exit(127);
  }
  if (close_range(3, ~0U, 0) == -1) {
    give_up("cannot close inherited files\n");
  }
  if (options.user &&
      (setgroups(0, nullptr) == -1 || setgid(options.user->gid) == -1 || setuid(options.user->uid) == -1)) {
    give_up("cannot become the other user\n");
  }
  // After setuid, which clears it. The parent may have died before it took effect.
  if (prctl(PR_SET_PDEATHSIG, options.death_signal) == -1 || getppid() != parent) {
    give_up("the test process is gone\n");
  }
  if (!options.directory.empty() && chdir(options.directory.c_str()) == -1) {
    give_up("cannot enter the working directory\n");
  }
  execve(options.program.c_str(), args, environment);
  give_up("cannot execute the program\n");
  _exit(127);
}

/// The first whole line in which the expression matches.
std::optional<std::string> find_line(const std::string& text, const std::regex& expression) {
  std::istringstream lines(text.substr(0, text.rfind('\n') + 1));
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_search(line, expression)) {
      return line;
    }
  }
  return std::nullopt;
}

}  // namespace

Process::Process(ProcessOptions options) : options_(std::move(options)), output_("output") {
  if (access(options_.program.c_str(), X_OK) == -1) {
    throw std::runtime_error("cannot run " + options_.program.string() + ": no such program");
  }
  std::vector<std::string> args = options_.args;
  args.insert(args.begin(), options_.program.string());
  std::vector<std::string> environment = environment_of(options_);
  const std::vector<char*> arg_pointers = pointers(args);
  const std::vector<char*> environment_pointers = pointers(environment);
  const int out = open_for_writing(output_.path() / "out");
  const int err = open_for_writing(output_.path() / "err");

  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    become(options_, parent, out, err, const_cast<char**>(arg_pointers.data()),
           const_cast<char**>(environment_pointers.data()));
  }
  const int fork_error = errno;
  close(out);
  close(err);
  if (pid_ == -1) {
    throw std::system_error(fork_error, std::generic_category(), "fork");
  }
}

Process::~Process() {
  if (is_running()) {
    kill(SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

bool Process::is_running() {
  if (exit_code_) {
    return false;
  }
  int status = 0;
  const pid_t ended = waitpid(pid_, &status, WNOHANG);
  if (ended == 0) {
    return true;
  }
  if (ended == -1) {
    throw_errno("wait for " + options_.program.string());
  }
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return false;
}

int Process::wait(std::chrono::milliseconds limit) {
  try {
    wait_until([&] { return !is_running(); }, "the end of " + options_.program.string(), limit);
  } catch (const Timeout& timeout) {
    throw Timeout(timeout.what() + describe());
  }
  return *exit_code_;
}

void Process::kill(int signal) {
  // Asked first, since a pid that has been waited for may belong to somebody else by now.
  if (is_running()) {
    ::kill(pid_, signal);
  }
}

std::string Process::wait_for_line(const std::string& expression, std::chrono::milliseconds limit) {
  const std::regex compiled(expression);
  std::optional<std::string> line;
  const auto look = [&] {
    const bool was_running = is_running();  // before looking: what it wrote last must still be seen
    line = find_line(err(), compiled);
    if (!line) {
      line = find_line(out(), compiled);
    }
    if (!line && !was_running) {
      throw std::runtime_error("ended with " + std::to_string(*exit_code_) + " without a line that matches " +
                               expression + describe());
    }
    return line.has_value();
  };
  try {
    wait_until(look, "a line that matches " + expression, limit);
  } catch (const Timeout& timeout) {
    throw Timeout(timeout.what() + describe());
  }
  return *line;
}

std::string Process::out() const { return read_file(output_.path() / "out"); }

std::string Process::err() const { return read_file(output_.path() / "err"); }

std::string Process::describe() const {
  return "\n--- " + options_.program.string() + ", output:\n" + last_lines(out()) + "\n--- errors:\n" +
         last_lines(err());
}

std::string run(ProcessOptions options, std::chrono::milliseconds limit) {
  const std::string name = options.program.string();
  Process process(std::move(options));
  const int code = process.wait(limit);
  if (code != 0) {
    throw std::runtime_error(name + " ended with " + std::to_string(code) + ": " + last_lines(process.err()) +
                             last_lines(process.out()));
  }
  return process.out();
}

}  // namespace tests
