#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace agent {

/// What the service manager is told, by the protocol of sd_notify(3). Nothing happens when nobody listens ($NOTIFY_SOCKET is not set).
/// Thread-safe. A manager that does not read what it is sent is waited for for a tenth of a second, and then the message is dropped: no message is
/// worth standing still for. Whoever has to be heard says it again.
namespace notify {

/// The work has begun: copying, or streaming. Whether it was sent; true, too, when nobody listens.
[[nodiscard]] bool ready();
/// A stop was asked for.
void stopping();
/// One line for `systemctl status`; must hold neither row values nor secrets.
void status(const std::string& line);
/// The work comes on. Whether it was sent.
[[nodiscard]] bool feed_watchdog();
/// The start takes longer, and comes on: it may take so much more time from now on.
void extend_start(std::chrono::microseconds time);

/// How often the watchdog wants to be fed at least ($WATCHDOG_USEC); nothing when there is none.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();

}  // namespace notify
}  // namespace agent
