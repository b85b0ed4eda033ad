#pragma once

#include <cstdint>
#include <string>

#include "agent/config.hpp"
#include "core/error.hpp"

namespace agent {

/// Where a command's log goes: short commands leave no files behind.
enum class LogTo : std::uint8_t { Stderr, StderrAndFiles };

/// Makes spdlog's default logger: stderr (for the journal, when systemd has connected it), and with StderrAndFiles also the files of agent/log_file in
/// `dir`, as JSON. The lines are those of agent/log_line. Throws Error(Config) when the directory cannot be used.
void start_logging(const Config::Log& config, LogTo to);

/// An error for people, redacted, with its newline:
///
///   agent: agent.yaml:3:5: unknown key "tagret" in the configuration
///     remedy: did you mean "target"?
///
/// `file:line:column` leads where the error has them; other context follows the message as name=value.
[[nodiscard]] std::string error_text(const core::Error& error);
/// Writes error_text() to stderr, and as a line to the log files when there are any.
void print_error(const core::Error& error);

}  // namespace agent
