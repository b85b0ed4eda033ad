#include "state/info_log.hpp"

#include <cstdarg>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <system_error>

namespace state {

namespace {

// A disk that stays full is told of every few seconds: beyond this nothing new would be learned.
constexpr long kMostBytes = 1L << 20;

class InfoLog final : public rocksdb::Logger {
 public:
  explicit InfoLog(const std::filesystem::path& file)
      : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), file_(std::fopen(file.c_str(), "we")) {}
  ~InfoLog() override {
    if (file_ != nullptr) std::fclose(file_);
  }
  InfoLog(const InfoLog&) = delete;
  InfoLog& operator=(const InfoLog&) = delete;

  using rocksdb::Logger::Logv;
  void Logv(const char* format, std::va_list arguments) override {
    const std::lock_guard lock{mutex_};
    if (file_ == nullptr || std::ftell(file_) > kMostBytes) return;
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    char time[32] = "";
    if (gmtime_r(&now, &parts) != nullptr) std::strftime(time, sizeof time, "%FT%TZ ", &parts);
    std::fputs(time, file_);
    std::vfprintf(file_, format, arguments);
    std::fputc('\n', file_);
    std::fflush(file_);
    std::clearerr(file_);
  }

 private:
  std::mutex mutex_;
  std::FILE* file_;  // protected by mutex_; null when it could not be opened
};

}  // namespace

std::shared_ptr<rocksdb::Logger> make_info_log(const std::filesystem::path& directory) {
  const std::filesystem::path file = directory / "LOG";
  std::error_code ignored;
  std::filesystem::rename(file, directory / "LOG.old", ignored);
  return std::make_shared<InfoLog>(file);
}

}  // namespace state
