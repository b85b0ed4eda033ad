#pragma once

#include <boost/test/tree/test_unit.hpp>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <filesystem>
#include <string>

namespace tests {

/// A disk of a few megabytes at a directory, for the length of a test: a memory file system, which only root may mount.
class SmallDisk {
 public:
  /// `size` as mount(8) has it: `48m`. Throws std::system_error when it cannot be mounted.
  SmallDisk(std::filesystem::path directory, const std::string& size);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  /// Leaves about this much room, in bytes.
  void fill(std::size_t room) const;
  /// Gives back what fill() took.
  void make_room() const;

 private:
  [[nodiscard]] std::filesystem::path filler() const { return directory_ / "filler"; }

  std::filesystem::path directory_;
};

/// For boost::unit_test::precondition: tests that need one are skipped, with the reason, where it cannot be had.
[[nodiscard]] boost::test_tools::assertion_result may_mount_small_disk(boost::unit_test::test_unit_id test);

}  // namespace tests
