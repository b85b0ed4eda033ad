#pragma once

#include <filesystem>
#include <fstream>
#include <ostream>
#include <string_view>

namespace agent {

/// A file for a result that takes long to make: whether it can be written is known at once, and what bears its name is
/// always a whole one. A symbolic link stays, the file that it leads to is the one; what is no file (a device, a pipe) is written into,
/// and so is the file that stdout or stderr goes to.
class ReportFile {
 public:
  /// Throws Error(Usage) when no file can be made there.
  explicit ReportFile(const std::filesystem::path& path);
  /// Not written: a file of before stays as it is.
  ~ReportFile();
  ReportFile(const ReportFile&) = delete;
  ReportFile& operator=(const ReportFile&) = delete;

  /// Writes all of it and puts it in its place. Throws Error(Usage) when the disk is full.
  void write(std::string_view text);

 private:
  bool is_replaced_;            ///< by what was written beside it
  std::filesystem::path path_;  ///< behind links
  std::filesystem::path fresh_;
  std::ofstream out_;
  std::ostream* standard_;  ///< the stream whose file it is; null: none
};

}  // namespace agent
