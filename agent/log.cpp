#include "agent/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/log_file.hpp"
#include "agent/log_line.hpp"
#include "agent/redaction.hpp"

namespace agent {

namespace {

/// The logger of what people read on stderr in another form, so that the files have it too.
constexpr const char* kFilesAlone = "files";

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

/// Whether stderr goes to the journal, as systemd connects that of a service ($JOURNAL_STREAM, systemd.exec(5)).
bool is_journal() {
  const auto stream = process_environ()("JOURNAL_STREAM");
  struct stat file {};
  return stream && fstat(STDERR_FILENO, &file) == 0 && *stream == fmt::format("{}:{}", file.st_dev, file.st_ino);
}

std::unique_ptr<spdlog::formatter> stderr_formatter(const Config::Log& config) {
  const bool to_journal = is_journal();
  const auto by_reader = to_journal || isatty(STDERR_FILENO) != 0 ? LogForm::Text : LogForm::Json;
  return log_formatter(config.format.value_or(by_reader), to_journal ? LogReader::Journal : LogReader::Anybody);
}

}  // namespace

void start_logging(const Config::Log& config, LogTo to) {
  std::vector<spdlog::sink_ptr> sinks;
  sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  sinks.back()->set_formatter(stderr_formatter(config));
  if (to == LogTo::StderrAndFiles && !config.dir.empty()) {
    sinks.push_back(std::make_shared<LogFile>(config.dir, sinks.front()));
    sinks.back()->set_formatter(log_formatter(LogForm::Json, LogReader::Anybody));
    spdlog::drop(kFilesAlone);
    spdlog::register_logger(std::make_shared<spdlog::logger>(kFilesAlone, sinks.back()));
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

void print_error(const core::Error& error) {
  const std::string text = error_text(error);
  std::fputs(is_journal() ? with_priority(text, spdlog::level::err).c_str() : text.c_str(), stderr);
  if (const auto files = spdlog::get(kFilesAlone)) {
    files->error("{}", error.what());
    files->flush();
  }
}

}  // namespace agent
