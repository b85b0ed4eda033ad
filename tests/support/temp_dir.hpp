#pragma once

#include <filesystem>
#include <string>

namespace tests {

/// A directory of its own below $TMPDIR (or /tmp), removed with everything in it by the destructor. With
/// KEEP_CLUSTERS=1 in the environment it stays, and its path is printed. What a killed test left behind is removed by
/// the next test that makes one.
class TempDir {
 public:
  /// `purpose` becomes part of the name. Throws std::system_error when the directory cannot be made.
  explicit TempDir(const std::string& purpose = "test");
  ~TempDir();
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&&) = delete;
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tests
