#include "agent/notify.hpp"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdint>

#include "agent/redaction.hpp"

namespace agent::notify {

namespace {

void send(const std::string& message) { static_cast<void>(sd_notify(0, message.c_str())); }

}  // namespace

void ready() { send("READY=1"); }

void stopping() { send("STOPPING=1"); }

void status(const std::string& line) {
  std::string text = redact(line);
  std::ranges::replace(text, '\n', ' ');  // a new line would begin another assignment
  send("STATUS=" + text);
}

void feed_watchdog() { send("WATCHDOG=1"); }

void extend_start(std::chrono::microseconds time) { send("EXTEND_TIMEOUT_USEC=" + std::to_string(time.count())); }

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t interval = 0;
  if (sd_watchdog_enabled(0, &interval) <= 0) return std::nullopt;
  return std::chrono::microseconds{interval};
}

}  // namespace agent::notify
