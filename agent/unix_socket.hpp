#pragma once

#include <filesystem>
#include <utility>

namespace agent {

/// An open file descriptor, closed by its owner's end.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd = -1) : fd_(fd) {}
  ~FileDescriptor();
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// A non-blocking stream socket that listens at `path`, readable and writable for this user only. Replaces what is there.
/// Paths of any length work, although a socket address holds 107 bytes. Throws Error(State).
[[nodiscard]] FileDescriptor listen_at(const std::filesystem::path& path);
/// A non-blocking stream socket connected to `path`; not open when nobody listens there. Throws Error(State) when it may not be asked.
[[nodiscard]] FileDescriptor connect_to(const std::filesystem::path& path);

}  // namespace agent
