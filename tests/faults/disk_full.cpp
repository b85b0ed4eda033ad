// A library to preload into servers and agent: writing to a file fails with "No space left on device" as long as one of the directories
// above it holds a file named `disk_full`. It needs no rights, no mounts, and fills nothing.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace {

constexpr std::size_t kLongest = 4096;

bool is_full(int file) {
  std::array<char, 64> link{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", file);
  std::array<char, kLongest + 16> path{};
  const int before = errno;
  const ssize_t size = readlink(link.data(), path.data(), kLongest);
  bool found = false;
  // Pipes and sockets have no path.
  if (size > 0 && path[0] == '/') {
    path[static_cast<std::size_t>(size)] = '\0';
    for (char* slash = std::strrchr(path.data(), '/'); slash != nullptr && !found;
         slash = std::strrchr(path.data(), '/')) {
      std::strcpy(slash, "/disk_full");
      found = access(path.data(), F_OK) == 0;
      *slash = '\0';
    }
  }
  errno = before;
  return found;
}

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// The real function unless the disk is full.
#define DISPATCH_WRITES(result, name, parameters, ...)          \
  extern "C" result name parameters {                           \
    static const auto real = next<result(*) parameters>(#name); \
    if (is_full(file)) {                                        \
      errno = ENOSPC;                                           \
      return -1;                                                \
    }                                                           \
    return real(__VA_ARGS__);                                   \
  }

DISPATCH_WRITES(ssize_t, write, (int file, const void* bytes, size_t size), file, bytes, size)
DISPATCH_WRITES(ssize_t, pwrite, (int file, const void* bytes, size_t size, off_t at), file, bytes, size, at)
DISPATCH_WRITES(ssize_t, pwrite64, (int file, const void* bytes, size_t size, off64_t at), file, bytes, size, at)
DISPATCH_WRITES(ssize_t, writev, (int file, const iovec* parts, int count), file, parts, count)
DISPATCH_WRITES(ssize_t, pwritev, (int file, const iovec* parts, int count, off_t at), file, parts, count, at)
DISPATCH_WRITES(ssize_t, pwritev64, (int file, const iovec* parts, int count, off64_t at), file, parts, count, at)
DISPATCH_WRITES(int, fallocate, (int file, int mode, off_t at, off_t size), file, mode, at, size)
DISPATCH_WRITES(int, fallocate64, (int file, int mode, off64_t at, off64_t size), file, mode, at, size)

// These two return the error.
extern "C" int posix_fallocate(int file, off_t at, off_t size) {
  static const auto real = next<int (*)(int, off_t, off_t)>("posix_fallocate");
  return is_full(file) ? ENOSPC : real(file, at, size);
}
extern "C" int posix_fallocate64(int file, off64_t at, off64_t size) {
  static const auto real = next<int (*)(int, off64_t, off64_t)>("posix_fallocate64");
  return is_full(file) ? ENOSPC : real(file, at, size);
}
