#include "agent/report_file.hpp"

#include <unistd.h>

#include <string>
#include <system_error>
#include <utility>

#include "core/error.hpp"

namespace agent {

namespace {

core::Error unwritable(const std::filesystem::path& path) {
  return core::Error(core::ErrorKind::Usage, "cannot write the report")
      .with("file", path.string())
      .remedy("name a file in a folder that exists, that you may write to, and that has space");
}

}  // namespace

ReportFile::ReportFile(std::filesystem::path path)
    : path_(std::move(path)), fresh_(path_.string() + "." + std::to_string(getpid())), out_(fresh_, std::ios::binary) {
  std::error_code ignored;
  if (!out_ || std::filesystem::is_directory(path_, ignored)) {
    std::filesystem::remove(fresh_, ignored);
    throw unwritable(path_);
  }
}

ReportFile::~ReportFile() {
  std::error_code ignored;
  if (out_.is_open()) std::filesystem::remove(fresh_, ignored);
}

void ReportFile::write(std::string_view text) {
  out_.write(text.data(), static_cast<std::streamsize>(text.size()));
  out_.flush();
  std::error_code error;
  if (out_) std::filesystem::rename(fresh_, path_, error);
  if (!out_ || error) throw unwritable(path_);
  out_.close();
}

}  // namespace agent
