#include "state/pid_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

#include "core/error.hpp"

namespace state {

namespace {

core::Error cannot(const char* action, const std::filesystem::path& path) {
  return core::Error{core::ErrorKind::State, std::string{"cannot "} + action + " the state directory's pid file: " +
                                                 std::generic_category().message(errno)}
      .with("file", path.string())
      .remedy("check the directory's owner and permissions");
}

std::string read_pid(int descriptor) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  std::string pid{text.data(), static_cast<std::size_t>(size > 0 ? size : 0)};
  while (!pid.empty() && (pid.back() < '0' || pid.back() > '9')) pid.pop_back();
  return pid;
}

}  // namespace

PidFile::PidFile(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "agent.pid";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP);
  if (descriptor_ < 0) throw cannot("open", path);
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const bool is_held = errno == EWOULDBLOCK;
    core::Error error = cannot("lock", path);
    if (is_held) {
      const std::string pid = read_pid(descriptor_);
      error = core::Error{core::ErrorKind::State, "the state directory is in use by another agent"}
                  .with("directory", directory.string())
                  .with("pid", pid.empty() ? "unknown" : pid)
                  .remedy("stop that agent first, or give this one a state directory of its own")
                  .transient();
    }
    ::close(descriptor_);
    throw error;
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    core::Error error = cannot("write", path);
    if (errno == ENOSPC) error.transient();
    ::close(descriptor_);
    throw error;
  }
}

PidFile::~PidFile() {
  // Left behind empty: removing it would let a third agent lock a new file while a second one holds the removed one.
  [[maybe_unused]] const int ignored = ::ftruncate(descriptor_, 0);
  ::close(descriptor_);
}

}  // namespace state
