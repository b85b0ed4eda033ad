#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <optional>
#include <thread>
#include <vector>

#include "pg/session.hpp"
#include "tests/integration/pg/fixture.hpp"
#include "tests/support/loopback.hpp"

namespace {

using pg::Side;
using tests::loopback;

/// What a pooler does to the start-up options and to the session behind them.
enum class Habit : std::uint8_t {
  DropsOptions,    ///< takes them and forgets them
  RefusesOptions,  ///< ends the connection with an error when it sees them
  SwitchesServer,  ///< takes them, forgets them, and sends every statement to another server connection
};

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  [[nodiscard]] int get() const { return descriptor_; }
  /// Exactly this many bytes; nothing at the end of the stream.
  [[nodiscard]] std::optional<std::string> read(std::size_t bytes) const {
    std::string data(bytes, '\0');
    for (std::size_t done = 0; done < bytes;) {
      const ssize_t got = ::recv(descriptor_, data.data() + done, bytes - done, 0);
      if (got <= 0) return std::nullopt;
      done += static_cast<std::size_t>(got);
    }
    return data;
  }
  void write(const std::string& data) const {
    for (std::size_t done = 0; done < data.size();) {
      const ssize_t sent = ::send(descriptor_, data.data() + done, data.size() - done, MSG_NOSIGNAL);
      if (sent <= 0) return;
      done += static_cast<std::size_t>(sent);
    }
  }

 private:
  int descriptor_;
};

std::uint32_t number(const std::string& bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
  return value;
}

std::string bytes_of(std::uint32_t value) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(value >> shift & 0xFFU);
  return bytes;
}

/// A pooler in front of the shared server that serves one client after the other, for simple queries without TLS.
class Pooler {
 public:
  explicit Pooler(Habit habit) : habit_(habit), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
        ::listen(listener_.get(), 4) != 0) {
      throw std::runtime_error("no port on the loopback");
    }
    port_ = ntohs(address.sin_port);
    server_port_ = tests::shared_cluster().port();
    thread_ = std::jthread([this] { run(); });
  }
  ~Pooler() { ::shutdown(listener_.get(), SHUT_RDWR); }
  Pooler(const Pooler&) = delete;
  Pooler& operator=(const Pooler&) = delete;

  [[nodiscard]] pg::ConnectionParams params(Side side) const {
    return pg::ConnectionParams::parse(
        side, "host=127.0.0.1 sslmode=disable user=postgres dbname=postgres port=" + std::to_string(port_));
  }

 private:
  void run() const {
    for (;;) {
      const Socket client(::accept(listener_.get(), nullptr, nullptr));
      if (client.get() < 0) return;
      serve(client);
    }
  }

  void serve(const Socket& client) const {
    const auto length = client.read(4);
    if (!length) return;
    const auto startup = client.read(number(*length) - 4);
    if (!startup) return;
    const std::string stripped = without_options(*startup);
    if (habit_ == Habit::RefusesOptions && stripped != *startup) {
      using namespace std::string_literals;
      const std::string fields = "SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0"s;
      client.write("E" + bytes_of(static_cast<std::uint32_t>(fields.size() + 4)) + fields);
      return;
    }
    std::vector<Socket> servers;
    for (int number_of_servers = habit_ == Habit::SwitchesServer ? 2 : 1; number_of_servers > 0; --number_of_servers) {
      const Socket& server = servers.emplace_back(::socket(AF_INET, SOCK_STREAM, 0));
      const sockaddr_in address = loopback(server_port_);
      if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
      server.write(bytes_of(static_cast<std::uint32_t>(stripped.size() + 4)) + stripped);
      relay(server, servers.size() == 1 ? &client : nullptr);
    }
    for (std::size_t next = 0;; ++next) {
      const auto message = read_message(client);
      if (!message || message->front() == 'X') return;
      const Socket& server = servers[next % servers.size()];
      server.write(*message);
      relay(server, &client);
    }
  }

  static std::optional<std::string> read_message(const Socket& from) {
    const auto head = from.read(5);
    if (!head) return std::nullopt;
    const auto body = from.read(number(head->substr(1)) - 4);
    if (!body) return std::nullopt;
    return *head + *body;
  }

  /// Passes on what the server says until it is ready for the next query.
  static void relay(const Socket& server, const Socket* client) {
    while (const auto message = read_message(server)) {
      if (client != nullptr) client->write(*message);
      if (message->front() == 'Z') return;
    }
  }

  static std::string without_options(std::string startup) {
    const std::string name("\0options\0", 9);
    const std::size_t at = startup.find(name);
    if (at == std::string::npos) return startup;
    const std::size_t end = startup.find('\0', at + name.size());
    return startup.erase(at + 1, end - at);
  }

  Habit habit_;
  Socket listener_;
  std::uint16_t port_ = 0;
  std::uint16_t server_port_ = 0;
  std::jthread thread_;
};

BOOST_AUTO_TEST_SUITE(pg_pooler)

BOOST_AUTO_TEST_CASE(settings_hold_although_a_pooler_drops_or_refuses_options) {
  const tests::Database admin = tests::shared_cluster().database();
  admin.exec("ALTER ROLE postgres SET TimeZone = 'Asia/Tokyo'");
  for (const Habit habit : {Habit::DropsOptions, Habit::RefusesOptions}) {
    const Pooler pooler(habit);
    pg::Session session(pooler.params(Side::Target).with_setting("lock_timeout", "1500ms"), "test");
    BOOST_TEST(session.exec("show TimeZone").text(0, 0) == "UTC");
    BOOST_TEST(session.exec("show search_path").text(0, 0) == "public, pg_catalog");
    BOOST_TEST(session.exec("show lock_timeout").text(0, 0) == "1500ms");
  }
  admin.exec("ALTER ROLE postgres RESET TimeZone");
}

BOOST_AUTO_TEST_CASE(a_pooler_that_forgets_settings_between_statements_is_refused) {
  const Pooler pooler(Habit::SwitchesServer);
  const core::Error error = tests::error_of([&] { const pg::Session session(pooler.params(Side::Target), "test"); });
  BOOST_TEST_INFO(error.what());
  BOOST_TEST((error.kind() == core::ErrorKind::Target));
  BOOST_TEST(!error.is_transient());
  BOOST_TEST(!error.context("setting").empty());
  BOOST_TEST(error.remedy().find("session mode") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
