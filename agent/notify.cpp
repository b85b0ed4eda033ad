#include "agent/notify.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "agent/config.hpp"
#include "agent/file_descriptor.hpp"
#include "agent/redaction.hpp"

namespace agent::notify {

namespace {

/// Whether the manager has it, or there is none. Not sd_notify(3): that waits for room at the manager's end for as long as it takes.
bool send(const std::string& message) {
  const auto manager = process_environ()("NOTIFY_SOCKET");
  if (!manager) return true;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (manager->size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, manager->data(), manager->size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // a name that is no file's
  const FileDescriptor sender(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  constexpr timeval kPatience{.tv_sec = 0, .tv_usec = 100'000};
  return sender.is_open() && setsockopt(sender.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience) == 0 &&
         sendto(sender.get(), message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + manager->size())) >= 0;
}

}  // namespace

bool ready() { return send("READY=1"); }

void stopping() { send("STOPPING=1"); }

void status(const std::string& line) {
  std::string text = redact(line);
  std::ranges::replace(text, '\n', ' ');  // a new line would begin another assignment
  send("STATUS=" + text);
}

bool feed_watchdog() { return send("WATCHDOG=1"); }

void extend_start(std::chrono::microseconds time) { send("EXTEND_TIMEOUT_USEC=" + std::to_string(time.count())); }

std::optional<std::chrono::microseconds> watchdog_interval() {
  std::uint64_t interval = 0;
  if (sd_watchdog_enabled(0, &interval) <= 0) return std::nullopt;
  return std::chrono::microseconds{interval};
}

}  // namespace agent::notify
