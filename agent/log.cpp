#include "agent/log.hpp"

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/redaction.hpp"

namespace agent {

namespace {

std::string_view view(const spdlog::string_view_t& text) { return {text.data(), text.size()}; }

/// `2024-03-01 21:00:00.123 info message` in UTC.
class TextFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string text = redact(view(message.payload));
    spdlog::details::log_msg redacted = message;
    redacted.payload = spdlog::string_view_t{text.data(), text.size()};
    pattern_.format(redacted, out);
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<TextFormatter>(); }

 private:
  spdlog::pattern_formatter pattern_{"%Y-%m-%d %H:%M:%S.%e %l %v", spdlog::pattern_time_type::utc};
};

/// One JSON object per line: time, level, message.
class JsonFormatter final : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    nlohmann::ordered_json line;
    line["time"] = timestamp(message.time);
    line["level"] = view(spdlog::level::to_string_view(message.level));
    line["message"] = redact(view(message.payload));
    // Bytes that are no UTF-8 must not make logging throw.
    const std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }

 private:
  static std::string timestamp(spdlog::log_clock::time_point time) {
    using std::chrono::milliseconds;
    const auto since_epoch = std::chrono::duration_cast<milliseconds>(time.time_since_epoch());
    const std::time_t seconds = spdlog::log_clock::to_time_t(time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[40];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    return fmt::format("{}.{:03}Z", std::string_view(text, length), since_epoch.count() % 1000);
  }
};

spdlog::level::level_enum spdlog_level(Config::Log::Level level) {
  switch (level) {
    case Config::Log::Level::Trace: return spdlog::level::trace;
    case Config::Log::Level::Debug: return spdlog::level::debug;
    case Config::Log::Level::Info: return spdlog::level::info;
    case Config::Log::Level::Warn: return spdlog::level::warn;
    case Config::Log::Level::Error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::unique_ptr<spdlog::formatter> formatter_for(const Config::Log& config) {
  const auto by_terminal = isatty(STDERR_FILENO) != 0 ? Config::Log::Format::Text : Config::Log::Format::Json;
  if (config.format.value_or(by_terminal) == Config::Log::Format::Json) return std::make_unique<JsonFormatter>();
  return std::make_unique<TextFormatter>();
}

spdlog::sink_ptr file_sink(const std::filesystem::path& directory) {
  constexpr std::size_t kFileBytes = 10U << 20U;
  constexpr std::size_t kFiles = 5;
  try {
    std::filesystem::create_directories(directory);
    return std::make_shared<spdlog::sinks::rotating_file_sink_mt>((directory / "agent.log").string(), kFileBytes,
                                                                  kFiles);
  } catch (const std::exception&) {
    throw core::Error(core::ErrorKind::Config, "cannot write log files")
        .with("directory", directory.string())
        .remedy("make the directory writable for this user, or leave log.dir out");
  }
}

}  // namespace

void start_logging(const Config::Log& config, LogTo to) {
  std::vector<spdlog::sink_ptr> sinks;
  sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  sinks.back()->set_formatter(formatter_for(config));
  if (to == LogTo::StderrAndFiles && !config.dir.empty()) {
    sinks.push_back(file_sink(config.dir));
    sinks.back()->set_formatter(std::make_unique<JsonFormatter>());
  }
  auto logger = std::make_shared<spdlog::logger>("agent", sinks.begin(), sinks.end());
  logger->set_level(spdlog_level(config.level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

std::string error_text(const core::Error& error) {
  std::string text = "agent: ";
  const std::string_view file = error.context("file");
  if (!file.empty()) {
    text += file;
    if (const auto line = error.context("line"); !line.empty()) text.append(":").append(line);
    if (const auto column = error.context("column"); !column.empty()) text.append(":").append(column);
    text += ": ";
  }
  text += error.message();
  if (!error.sqlstate().empty()) text += " (SQLSTATE " + error.sqlstate() + ")";
  for (const auto& [name, value] : error.context()) {
    if (!file.empty() && (name == "file" || name == "line" || name == "column")) continue;
    text.append(" ").append(name).append("=").append(value);
  }
  text += '\n';
  if (!error.remedy().empty()) text += "  remedy: " + error.remedy() + "\n";
  return redact(text);
}

void print_error(const core::Error& error) { std::fputs(error_text(error).c_str(), stderr); }

}  // namespace agent
