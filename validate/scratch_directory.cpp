#include "validate/scratch_directory.hpp"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <system_error>

#include "core/error.hpp"

namespace validate {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "validate-";

bool is_alive(pid_t pid) { return kill(pid, 0) == 0 || errno != ESRCH; }

/// The pid in the name of a scratch directory; 0: it is none.
pid_t owner_of(const std::string& name) {
  if (!name.starts_with(kPrefix)) return 0;
  pid_t pid = 0;
  const char* end = name.data() + name.size();
  const auto [at, error] = std::from_chars(name.data() + kPrefix.size(), end, pid);
  return error == std::errc{} && at == end ? pid : 0;
}

void remove_orphans(const fs::path& state_dir) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{state_dir, ignored}) {
    const pid_t pid = owner_of(entry.path().filename().string());
    if (pid > 0 && (pid == getpid() || !is_alive(pid))) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

ScratchDirectory::ScratchDirectory(const fs::path& state_dir)
    : path_(state_dir / (std::string{kPrefix} + std::to_string(getpid()))) {
  remove_orphans(state_dir);
  std::error_code error;
  fs::create_directories(path_, error);
  if (!error) fs::permissions(path_, fs::perms::owner_all, error);
  if (error) {
    throw core::Error{core::ErrorKind::State, "cannot make a directory for what is derived: " + error.message()}
        .with("directory", path_.string())
        .remedy("check the owner of the state directory and the free space of its disk");
  }
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace validate
