#include "agent/directory_identity.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

namespace agent {

std::string directory_identity(const std::filesystem::path& directory) {
  struct statx found {};
  if (statx(AT_FDCWD, directory.c_str(), 0, STATX_INO | STATX_BTIME, &found) != 0) return "";
  if ((found.stx_mask & STATX_BTIME) == 0) return fmt::to_string(found.stx_ino);
  return fmt::format("{} {}.{:09}", found.stx_ino, found.stx_btime.tv_sec, found.stx_btime.tv_nsec);
}

}  // namespace agent
