#include "agent/standard_output.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace agent {

namespace {

bool is_pipe(int descriptor) {
  struct stat found {};
  return fstat(descriptor, &found) == 0 && (S_ISFIFO(found.st_mode) || S_ISSOCK(found.st_mode));
}

bool is_open_on(int descriptor, const struct stat& file) {
  struct stat found {};
  return fstat(descriptor, &found) == 0 && found.st_dev == file.st_dev && found.st_ino == file.st_ino;
}

}  // namespace

bool is_output_written() {
  std::cout.flush();
  const bool is_good = std::cout.good() && std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  return is_good || is_pipe(STDOUT_FILENO);
}

std::ostream* standard_stream_of(const std::filesystem::path& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0) return nullptr;
  if (is_open_on(STDOUT_FILENO, file)) return &std::cout;
  if (is_open_on(STDERR_FILENO, file)) return &std::cerr;
  return nullptr;
}

}  // namespace agent
