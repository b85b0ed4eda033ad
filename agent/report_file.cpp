#include "agent/report_file.hpp"

#include <unistd.h>

#include <string>
#include <system_error>

#include "agent/standard_output.hpp"
#include "core/error.hpp"

namespace agent {

namespace {

namespace fs = std::filesystem;

core::Error unwritable(const fs::path& path) {
  return core::Error(core::ErrorKind::Usage, "cannot write the report")
      .with("file", path.string())
      .remedy("name a file in a folder that exists, that you may write to, and that has space");
}

/// What a symbolic link leads to, which need not exist.
fs::path followed(fs::path path) {
  constexpr int kMostLinks = 40;  // as the kernel does
  std::error_code ignored;
  for (int links = 0; links < kMostLinks && fs::is_symlink(path, ignored); ++links) {
    path = path.parent_path() / fs::read_symlink(path, ignored);
  }
  return path;
}

/// A device, a pipe: it is written into, never replaced.
bool is_special(const fs::path& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  return fs::exists(status) && !fs::is_regular_file(status);
}

}  // namespace

ReportFile::ReportFile(const fs::path& path)
    : is_replaced_(!is_special(path)),
      path_(is_replaced_ ? followed(path) : path),
      fresh_(is_replaced_ ? fs::path(path_.string() + "." + std::to_string(getpid())) : path_),
      standard_(standard_stream_of(path)) {
  if (standard_ != nullptr) return;
  std::error_code ignored;
  // A link that is one still leads round in a circle.
  const bool is_file =
      !path.empty() && !fs::is_directory(path_, ignored) && (!is_replaced_ || !fs::is_symlink(path_, ignored));
  if (is_file) out_.open(fresh_, std::ios::binary);
  if (!out_.is_open()) throw unwritable(path);
}

ReportFile::~ReportFile() {
  std::error_code ignored;
  if (out_.is_open() && is_replaced_) fs::remove(fresh_, ignored);
}

void ReportFile::write(std::string_view text) {
  if (standard_ != nullptr) {
    standard_->write(text.data(), static_cast<std::streamsize>(text.size())).flush();
    if (!*standard_) throw unwritable(path_);
    return;
  }
  out_.write(text.data(), static_cast<std::streamsize>(text.size()));
  out_.flush();
  std::error_code error;
  if (out_ && is_replaced_) fs::rename(fresh_, path_, error);
  if (!out_ || error) throw unwritable(path_);
  out_.close();
}

}  // namespace agent
