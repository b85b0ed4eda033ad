#pragma once

#include <spdlog/formatter.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "agent/config.hpp"

namespace agent {

/// How a line of the log is written, in either form:
///
///   Text  2026-03-01T21:00:00.123Z warning receiver: the stream broke, connecting again attempt=2 …
///   Json  {"time":…,"level":…,"component":…,"category":…,"route":…,"message":…}
///
/// `component` is the thread's name. `category` (connection, constraint, …: those of the quarantine) and `route` are there when the message tells of a
/// server's error, and names a route (`route=…`).
using LogForm = Config::Log::Format;

/// Who reads the lines. The journal is told the priority of each (sd-daemon(3)), and notes the time itself.
enum class LogReader : std::uint8_t { Anybody, Journal };

/// Every line passes redact().
[[nodiscard]] std::unique_ptr<spdlog::formatter> log_formatter(LogForm form, LogReader reader);

/// `text` with the priority before each of its lines: `<3>agent: …`.
[[nodiscard]] std::string with_priority(std::string_view text, spdlog::level::level_enum level);

}  // namespace agent
