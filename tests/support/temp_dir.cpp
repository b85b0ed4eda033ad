#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <string_view>
#include <utility>

#include "tests/support/system_error.hpp"

namespace tests {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "ds-";  // short: the path of a unix socket may have 107 bytes, no more
constexpr std::string_view kKeepMark =
    "keep-me";  // a file of this name tells later sweeps to leave the directory alone

bool is_keeping() {
  const char* value = std::getenv("KEEP_CLUSTERS");
  return value != nullptr && std::string_view(value) == "1";
}

/// Removes what test processes that no longer live have left: names are ds-<pid>-<purpose>-<random>.
void sweep(const fs::path& base) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(base, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kPrefix)) {
      continue;
    }
    pid_t pid = 0;
    const char* first = name.data() + kPrefix.size();
    const auto [end, error] = std::from_chars(first, name.data() + name.size(), pid);
    const bool is_ours = error == std::errc() && end != first && *end == '-' && pid > 0;
    if (is_ours && kill(pid, 0) == -1 && errno == ESRCH && !fs::exists(entry.path() / kKeepMark, ignored)) {
      fs::remove_all(entry.path(), ignored);
    }
  }
}

}  // namespace

TempDir::TempDir(const std::string& purpose) {
  const char* base = std::getenv("TMPDIR");
  const fs::path parent = base != nullptr && *base != '\0' ? base : "/tmp";
  static std::once_flag swept;
  std::call_once(swept, [&] { sweep(parent); });

  std::string name = (parent / (std::string(kPrefix) + std::to_string(getpid()) + "-" + purpose + "-XXXXXX")).string();
  if (mkdtemp(name.data()) == nullptr) {
    throw_errno("make a directory below " + parent.string());
  }
  path_ = name;
}

TempDir::TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}

TempDir::~TempDir() {
  if (path_.empty()) {
    return;
  }
  std::error_code ignored;
  if (is_keeping()) {
    const fs::path mark = path_ / kKeepMark;
    close(creat(mark.c_str(), 0600));
    std::cerr << "kept: " << path_.string() << '\n';
  } else {
    fs::remove_all(path_, ignored);
  }
}

}  // namespace tests
