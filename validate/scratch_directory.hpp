#pragma once

#include <filesystem>

namespace validate {

/// Where a validation keeps what it derived: a directory of its own below the state directory, gone with this object. What a killed validation left is
/// removed when the next one begins.
class ScratchDirectory {
 public:
  /// Throws Error(State) when it cannot be made.
  explicit ScratchDirectory(const std::filesystem::path& state_dir);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace validate
