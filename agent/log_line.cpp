#include "agent/log_line.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <ctime>
#include <nlohmann/json.hpp>

#include "agent/redaction.hpp"
#include "core/thread_name.hpp"
#include "pg/sqlstate.hpp"

namespace agent {

namespace {

/// UTC, to the millisecond.
std::string timestamp(spdlog::log_clock::time_point time) {
  using std::chrono::milliseconds;
  const auto since_epoch = std::chrono::duration_cast<milliseconds>(time.time_since_epoch());
  const std::time_t seconds = spdlog::log_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return fmt::format("{}.{:03}Z", std::string_view(text, length), since_epoch.count() % 1000);
}

/// Where the value ends that `text` begins with: before the next ` name=`, or before what follows a colon or a semicolon.
std::size_t value_length(std::string_view text) {
  constexpr std::string_view kNameLetters = "abcdefghijklmnopqrstuvwxyz_";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with(": ") || text.substr(i).starts_with("; ")) return i;
    if (text[i] != ' ') continue;
    const std::size_t end = text.find_first_not_of(kNameLetters, i + 1);
    if (end != std::string_view::npos && end > i + 1 && text[end] == '=') return i;
  }
  return text.size();
}

/// The value of the first ` route=…`; empty when there is none.
std::string_view route_in(std::string_view message) {
  constexpr std::string_view kName = " route=";
  const std::size_t at = message.find(kName);
  if (at == std::string_view::npos) return {};
  const std::string_view value = message.substr(at + kName.size());
  return value.substr(0, value_length(value));
}

std::string_view level_name(spdlog::level::level_enum level) {
  const spdlog::string_view_t name = spdlog::level::to_string_view(level);
  return {name.data(), name.size()};
}

std::string as_json(const spdlog::details::log_msg& line, std::string_view message) {
  nlohmann::ordered_json object;
  object["time"] = timestamp(line.time);
  object["level"] = level_name(line.level);
  object["component"] = core::thread_name();
  if (const auto category = pg::category_in(message)) object["category"] = pg::to_string(*category);
  if (const auto route = route_in(message); !route.empty()) object["route"] = route;
  object["message"] = message;
  // Bytes that are no UTF-8 must not make logging throw.
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string as_text(const spdlog::details::log_msg& line, std::string_view message, LogReader reader) {
  const std::string text = fmt::format("{}: {}", core::thread_name(), message);
  if (reader == LogReader::Journal) return text;
  return fmt::format("{} {} {}", timestamp(line.time), level_name(line.level), text);
}

class Formatter final : public spdlog::formatter {
 public:
  Formatter(LogForm form, LogReader reader) : form_(form), reader_(reader) {}

  void format(const spdlog::details::log_msg& line, spdlog::memory_buf_t& out) override {
    const std::string message = redact({line.payload.data(), line.payload.size()});
    std::string text = form_ == LogForm::Json ? as_json(line, message) : as_text(line, message, reader_);
    if (reader_ == LogReader::Journal) text = with_priority(text, line.level);
    text += '\n';
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override { return log_formatter(form_, reader_); }

 private:
  LogForm form_;
  LogReader reader_;
};

/// As syslog(3) numbers them.
char priority(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical:
    case spdlog::level::err: return '3';
    case spdlog::level::warn: return '4';
    case spdlog::level::info: return '6';
    case spdlog::level::debug:
    case spdlog::level::trace:
    case spdlog::level::off:
    case spdlog::level::n_levels: return '7';
  }
  return '7';
}

}  // namespace

std::unique_ptr<spdlog::formatter> log_formatter(LogForm form, LogReader reader) {
  return std::make_unique<Formatter>(form, reader);
}

std::string with_priority(std::string_view text, spdlog::level::level_enum level) {
  const std::string prefix = {'<', priority(level), '>'};
  std::string result;
  bool is_at_begin = true;
  for (const char c : text) {
    if (is_at_begin) result += prefix;
    result += c;
    is_at_begin = c == '\n';
  }
  return result;
}

}  // namespace agent
