#include "tests/service/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "tests/support/system_error.hpp"
#include "tests/support/wait.hpp"

namespace service {

namespace {

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

tests::FileDescriptor make_socket() {
  return tests::FileDescriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

}  // namespace

ServiceManager::ServiceManager() : directory_("notify"), path_(directory_.path() / "socket"), socket_(make_socket()) {
  const sockaddr_un address = address_of(path_);
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    tests::throw_errno("bind " + path_.string());
  }
}

tests::AgentUnderTest::Environment ServiceManager::environment(std::chrono::milliseconds watchdog) const {
  tests::AgentUnderTest::Environment environment = {{"NOTIFY_SOCKET", path_.string()}};
  if (watchdog.count() > 0) {
    environment.emplace_back("WATCHDOG_USEC", std::to_string(std::chrono::microseconds(watchdog).count()));
  }
  return environment;
}

const std::vector<std::string>& ServiceManager::told() {
  std::array<char, 4096> bytes{};
  for (;;) {
    const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (size < 0) {
      return told_;
    }
    std::istringstream message(std::string(bytes.data(), static_cast<std::size_t>(size)));
    for (std::string line; std::getline(message, line);) {
      told_.push_back(line);
    }
  }
}

long ServiceManager::count(const std::string& beginning) {
  return std::ranges::count_if(told(), [&](const std::string& line) { return line.starts_with(beginning); });
}

std::string ServiceManager::wait_for(const std::string& beginning, long times, std::chrono::milliseconds limit) {
  tests::wait_until([&] { return count(beginning) >= times; }, beginning, limit);
  return *std::ranges::find_if(told_.rbegin(), told_.rend(),
                               [&](const std::string& line) { return line.starts_with(beginning); });
}

void ServiceManager::stop_reading() const {
  const sockaddr_un address = address_of(path_);
  const tests::FileDescriptor sender = make_socket();
  const std::string nothing = "NOTHING=1";
  while (::sendto(sender.get(), nothing.data(), nothing.size(), 0, reinterpret_cast<const sockaddr*>(&address),
                  sizeof address) >= 0) {
  }
  if (errno != EAGAIN) throw std::system_error(errno, std::generic_category(), "send to " + path_.string());
}

}  // namespace service
