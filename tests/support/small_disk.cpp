#include "tests/support/small_disk.hpp"

#include <sys/mount.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "tests/support/system_error.hpp"
#include "tests/support/temp_dir.hpp"

namespace tests {

SmallDisk::SmallDisk(std::filesystem::path directory, const std::string& size) : directory_(std::move(directory)) {
  std::filesystem::create_directories(directory_);
  if (::mount("tmpfs", directory_.c_str(), "tmpfs", 0, ("mode=700,size=" + size).c_str()) != 0) {
    throw_errno("cannot mount a memory file system");
  }
}

SmallDisk::~SmallDisk() { ::umount2(directory_.c_str(), MNT_DETACH); }

void SmallDisk::fill(std::size_t room) const {
  const std::size_t available = std::filesystem::space(directory_).available;
  std::ofstream file(filler(), std::ios::binary);
  file << std::string(available > room ? available - room : 0, '\0');
}

void SmallDisk::make_room() const { std::filesystem::remove(filler()); }

boost::test_tools::assertion_result may_mount_small_disk(boost::unit_test::test_unit_id) {
  try {
    const TempDir directory("disk");
    const SmallDisk disk(directory.path() / "small", "1m");
    return true;
  } catch (const std::system_error& error) {
    boost::test_tools::assertion_result answer{false};
    answer.message() << error.what();
    return answer;
  }
}

}  // namespace tests
