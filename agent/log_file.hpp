#pragma once

#include <spdlog/sinks/base_sink.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>

#include "agent/file_descriptor.hpp"

namespace agent {

/// The log in files: `directory`/agent.log, at 10 MiB agent.1.log, and so on to agent.5.log. Each line is written at once and whole.
/// A file that cannot be written (a full disk) stops nothing: it is said once, to `witness`, and tried again from time to time; the file then says how
/// many lines it lacks. Thread-safe.
class LogFile final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  /// Makes the directory if need be. Throws Error(Config) when it cannot be used, other than for want of room.
  LogFile(std::filesystem::path directory, spdlog::sink_ptr witness);

 private:
  using Clock = std::chrono::steady_clock;

  void sink_it_(const spdlog::details::log_msg& line) override;
  void flush_() override {}

  /// These four throw std::system_error.
  void open();
  void rotate();
  void append(std::string_view text);
  [[nodiscard]] std::string formatted(const spdlog::details::log_msg& line);

  void lack(const std::system_error& error);
  void tell(spdlog::level::level_enum level, const std::string& message);

  const std::filesystem::path directory_;
  const spdlog::sink_ptr witness_;
  // Protected by the base's mutex_.
  FileDescriptor file_;
  std::uintmax_t size_ = 0;
  std::uint64_t missing_ = 0;  ///< lines since the last one that was written
  bool is_lacking_ = false;
  Clock::time_point again_;
};

}  // namespace agent
