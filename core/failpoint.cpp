#include "core/failpoint.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "core/error.hpp"

namespace core {

namespace {

struct Armed {
  std::string action;
  std::uint64_t at = 0;  // 0: every time
  std::uint64_t hits = 0;
};

std::uint64_t to_number(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::map<std::string, Armed, std::less<>> read_environment() {
  std::map<std::string, Armed, std::less<>> armed;
  const char* text = std::getenv("AGENT_FAILPOINTS");
  std::string_view rest = text == nullptr ? "" : text;
  while (!rest.empty()) {
    const auto end = rest.find(';');
    const std::string_view entry = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    Armed failpoint;
    std::string_view action = entry.substr(equals + 1);
    const auto at = action.find('@');
    if (at != std::string_view::npos) {
      failpoint.at = to_number(action.substr(at + 1));
      action = action.substr(0, at);
    }
    failpoint.action = action;
    armed.emplace(entry.substr(0, equals), std::move(failpoint));
  }
  return armed;
}

ErrorKind kind_of(std::string_view name) {
  const auto place = std::find_if(kFailpointPlaces.begin(), kFailpointPlaces.end(),
                                  [&](const FailpointPlace& listed) { return listed.name == name; });
  if (place == kFailpointPlaces.end()) return ErrorKind::Target;
  switch (place->side) {
    case FailingSide::Source: return ErrorKind::Source;
    case FailingSide::Target: return ErrorKind::Target;
    case FailingSide::Reply: return ErrorKind::InDoubt;
    case FailingSide::State: return ErrorKind::State;
  }
  return ErrorKind::Target;
}

Error failure(std::string_view name) {
  return Error{kind_of(name), "a failpoint threw"}.with("failpoint", std::string{name});
}

}  // namespace

void hit_failpoint(std::string_view name) {
  static std::mutex mutex;
  static std::map<std::string, Armed, std::less<>> armed = read_environment();
  std::string action;
  {
    const std::lock_guard lock{mutex};
    const auto found = armed.find(name);
    if (found == armed.end()) return;
    ++found->second.hits;
    if (found->second.at != 0 && found->second.hits != found->second.at) return;
    action = found->second.action;
  }
  // Not through the log: a test must be able to see what happened at a place however the log is set.
  const std::string line = "failpoint " + std::string{name} + ' ' + action + '\n';
  static_cast<void>(::write(STDERR_FILENO, line.data(), line.size()) < 0);
  if (action == "kill") {
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();  // the signal is on its way; nothing may happen any more
  } else if (action == "throw") {
    throw failure(name).transient();
  } else if (action == "fail") {
    throw failure(name);
  } else if (action.starts_with("wait:")) {
    std::this_thread::sleep_for(std::chrono::milliseconds{to_number(std::string_view{action}.substr(5))});
  }
}

}  // namespace core
