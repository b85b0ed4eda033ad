#include "agent/log_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/details/log_msg.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/error.hpp"

namespace agent {

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kBytes = 10U << 20U;
constexpr int kKept = 5;
// On a disk that is full now and then, no line for every line that fits again.
constexpr std::chrono::seconds kPause{2};

fs::path path_of(const fs::path& directory, int number) {
  return directory / (number == 0 ? "agent.log" : fmt::format("agent.{}.log", number));
}

bool is_want_of_room(const std::system_error& error) {
  return error.code() == std::errc::no_space_on_device || error.code().value() == EDQUOT;
}

std::system_error failed(int error) { return {error, std::generic_category()}; }

spdlog::details::log_msg line_of(spdlog::level::level_enum level, std::string_view message) {
  return {"agent", level, spdlog::string_view_t(message.data(), message.size())};
}

}  // namespace

LogFile::LogFile(fs::path directory, spdlog::sink_ptr witness)
    : directory_(std::move(directory)), witness_(std::move(witness)) {
  try {
    open();
  } catch (const std::system_error& error) {
    if (is_want_of_room(error)) {
      lack(error);
      return;
    }
    throw core::Error(core::ErrorKind::Config, "cannot write log files: " + error.code().message())
        .with("directory", directory_.string())
        .remedy("make the directory writable for this user, or leave log.dir out");
  }
}

void LogFile::sink_it_(const spdlog::details::log_msg& line) {
  if (is_lacking_ && Clock::now() < again_) {
    ++missing_;
    return;
  }
  try {
    std::string text;
    if (missing_ > 0) {
      const std::string gap =
          fmt::format("lines are missing before this one, stderr alone had them lines={}", missing_);
      text = formatted(line_of(spdlog::level::warn, gap));
    }
    append(text + formatted(line));
    missing_ = 0;
    if (std::exchange(is_lacking_, false)) tell(spdlog::level::info, "the log files are written again");
  } catch (const std::system_error& error) {
    ++missing_;
    lack(error);
  }
}

void LogFile::open() {
  fs::create_directories(directory_);
  constexpr mode_t kMode = 0640;
  FileDescriptor file(::open(path_of(directory_, 0).c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kMode));
  if (!file.is_open()) throw failed(errno);
  size_ = fs::file_size(path_of(directory_, 0));
  file_ = std::move(file);
}

void LogFile::rotate() {
  for (int number = kKept; number > 0; --number) {
    const fs::path older = path_of(directory_, number - 1);
    if (fs::exists(older)) fs::rename(older, path_of(directory_, number));
  }
  file_ = FileDescriptor{};
}

void LogFile::append(std::string_view text) {
  if (file_.is_open() && size_ > 0 && size_ + text.size() > kBytes) rotate();
  if (!file_.is_open()) open();
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t written = write(file_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      // No half of a line stays, where that can be helped.
      static_cast<void>(ftruncate(file_.get(), static_cast<off_t>(size_)) == 0);
      throw failed(error);
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  size_ += text.size();
}

std::string LogFile::formatted(const spdlog::details::log_msg& line) {
  spdlog::memory_buf_t text;
  formatter_->format(line, text);
  return {text.data(), text.size()};
}

void LogFile::lack(const std::system_error& error) {
  again_ = Clock::now() + kPause;
  if (std::exchange(is_lacking_, true)) return;
  tell(spdlog::level::warn, fmt::format("the log files cannot be written, the work goes on without them: {} "
                                        "directory={}; make room, or put right what "
                                        "is wrong there: they go on by themselves",
                                        error.code().message(), directory_.string()));
}

void LogFile::tell(spdlog::level::level_enum level, const std::string& message) {
  if (witness_->should_log(level)) witness_->log(line_of(level, message));
}

}  // namespace agent
