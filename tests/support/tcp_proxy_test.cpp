#include "tests/support/tcp_proxy.hpp"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>

#include "tests/support/loopback.hpp"
#include "tests/support/wait.hpp"

namespace {

using std::chrono::milliseconds;
using tests::Direction;
using tests::FileDescriptor;
using tests::loopback;
using tests::Newcomers;
using tests::TcpProxy;
using tests::TrapAction;
using Clock = std::chrono::steady_clock;

/// A socket of a test: plain blocking calls with bounds.
class Peer {
 public:
  explicit Peer(FileDescriptor socket) : socket_(std::move(socket)) {}

  void send(const std::string& text) const {
    BOOST_REQUIRE_EQUAL(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL),
                        static_cast<ssize_t>(text.size()));
  }
  /// Exactly so many bytes, within ten seconds.
  [[nodiscard]] std::string receive(std::size_t bytes) const {
    std::string text;
    while (text.size() < bytes) {
      BOOST_REQUIRE_MESSAGE(has_news(milliseconds(10'000)), "no bytes came; so far: " << text);
      std::array<char, 4096> buffer;
      const ssize_t got = recv(socket_.get(), buffer.data(), std::min(buffer.size(), bytes - text.size()), 0);
      BOOST_REQUIRE_MESSAGE(got > 0, "the connection ended after: " << text);
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
  }
  [[nodiscard]] bool has_news(milliseconds limit) const {
    pollfd entry{socket_.get(), POLLIN, 0};
    return poll(&entry, 1, static_cast<int>(limit.count())) > 0;
  }
  /// 0 when the other side ended in order, else the error; waits for it.
  [[nodiscard]] int end() const {
    BOOST_REQUIRE_MESSAGE(has_news(milliseconds(10'000)), "the connection did not end");
    char byte = 0;
    const ssize_t got = recv(socket_.get(), &byte, 1, 0);
    BOOST_REQUIRE_LE(got, 0);
    return got == 0 ? 0 : errno;
  }
  void close() { socket_.reset(); }
  [[nodiscard]] int get() const { return socket_.get(); }

 private:
  FileDescriptor socket_;
};

/// A server of a test and a proxy before it.
struct Line {
  Line() : listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), proxy(make_proxy(listener)) {}

  static tests::ServerAddress make_proxy(const FileDescriptor& listener) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    BOOST_REQUIRE_EQUAL(bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    BOOST_REQUIRE_EQUAL(listen(listener.get(), 16), 0);
    BOOST_REQUIRE_EQUAL(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    return {.port = ntohs(address.sin_port)};
  }
  [[nodiscard]] Peer connect() const {
    FileDescriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(proxy.port());
    BOOST_REQUIRE_EQUAL(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    return Peer(std::move(client));
  }
  [[nodiscard]] Peer accept() const {
    pollfd entry{listener.get(), POLLIN, 0};
    BOOST_REQUIRE_EQUAL(poll(&entry, 1, 10'000), 1);
    return Peer(FileDescriptor(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }
  /// A new connection is served.
  void expect_new_works() const {
    const Peer client = connect();
    const Peer server = accept();
    client.send("hello");
    BOOST_TEST(server.receive(5) == "hello");
  }

  FileDescriptor listener;
  TcpProxy proxy;
};

/// A line with one connection over it.
struct Connected : Line {
  Peer client = connect();
  Peer server = accept();

  /// Both ways work.
  void expect_open() const {
    client.send("ping");
    BOOST_TEST(server.receive(4) == "ping");
    server.send("pong");
    BOOST_TEST(client.receive(4) == "pong");
  }
};

/// Long enough for bytes to pass a proxy that lets them, on a busy machine; short, since it is waited in vain.
constexpr milliseconds kNothingCame{50};

BOOST_AUTO_TEST_CASE(bytes_and_ends_pass_and_are_counted) {
  Connected line;
  line.expect_open();
  const tests::ProxyCounts counts = line.proxy.counts();
  BOOST_TEST(counts.accepted == 1U);
  BOOST_TEST(counts.to_server == 4U);
  BOOST_TEST(counts.to_client == 4U);
  line.client.close();
  BOOST_TEST(line.server.end() == 0);
  line.server.close();
  tests::wait_until([&] { return line.proxy.counts().open == 0; }, "the link to be over");
}

BOOST_AUTO_TEST_CASE(a_large_text_passes_whole) {
  Connected line;
  std::string text(3'000'000, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  ssize_t sent = 0;
  // Boost.Test is for one thread.
  std::jthread sender([&] { sent = ::send(line.client.get(), text.data(), text.size(), MSG_NOSIGNAL); });
  BOOST_TEST((line.server.receive(text.size()) == text));
  sender.join();
  BOOST_TEST(sent == static_cast<ssize_t>(text.size()));
}

BOOST_AUTO_TEST_CASE(a_cut_resets_both_sides_and_new_connections_work) {
  Connected line;
  line.expect_open();
  line.proxy.cut();
  BOOST_TEST(line.client.end() == ECONNRESET);
  BOOST_TEST(line.server.end() == ECONNRESET);
  line.expect_new_works();
}

BOOST_AUTO_TEST_CASE(a_command_can_mean_some_connections_only) {
  Line line;
  const Peer first = line.connect();
  const Peer first_server = line.accept();
  first.send("name=first");
  BOOST_TEST(first_server.receive(10) == "name=first");
  const Peer second = line.connect();
  const Peer second_server = line.accept();
  second.send("name=second");
  BOOST_TEST(second_server.receive(11) == "name=second");
  line.proxy.cut("name=second");
  BOOST_TEST(second.end() == ECONNRESET);
  first.send("still");
  BOOST_TEST(first_server.receive(5) == "still");
}

BOOST_AUTO_TEST_CASE(held_bytes_pass_after_a_release_in_their_order) {
  Connected line;
  line.expect_open();
  line.proxy.hold(Direction::ToClient);
  line.server.send("one");
  tests::wait_until([&] { return line.proxy.counts().held_to_client == 3; }, "three bytes to be held");
  line.server.send("two");
  line.client.send("up");
  BOOST_TEST(line.server.receive(2) == "up");  // the other way is not concerned
  BOOST_TEST(!line.client.has_news(kNothingCame));
  line.proxy.release();
  BOOST_TEST(line.client.receive(6) == "onetwo");
}

BOOST_AUTO_TEST_CASE(a_held_request_reaches_the_server_after_its_client_has_gone) {
  Connected line;
  line.expect_open();
  line.proxy.set_trap({.pattern = "COMMIT", .action = TrapAction::Hold});
  line.client.send("BEGIN;");
  BOOST_TEST(line.server.receive(6) == "BEGIN;");
  line.client.send("COMMIT;");
  line.proxy.wait_sprung();
  line.proxy.cut_clients();
  BOOST_TEST(line.client.end() == ECONNRESET);
  BOOST_TEST(!line.server.has_news(kNothingCame));
  line.proxy.release();
  BOOST_TEST(line.server.receive(7) == "COMMIT;");
  BOOST_TEST(line.server.end() == 0);
}

BOOST_AUTO_TEST_CASE(a_trap_acts_on_the_reply_once) {
  Connected line;
  line.expect_open();
  line.proxy.set_trap({.pattern = "COMMIT", .action = TrapAction::CutAtReply, .skip = 1});
  line.client.send("COMMIT 1");
  BOOST_TEST(line.server.receive(8) == "COMMIT 1");
  line.server.send("done 1");
  BOOST_TEST(line.client.receive(6) == "done 1");
  line.client.send("COMMIT 2");
  BOOST_TEST(line.server.receive(8) == "COMMIT 2");
  line.server.send("done 2");
  BOOST_TEST(line.client.end() == ECONNRESET);
  const Peer client = line.connect();
  const Peer server = line.accept();
  client.send("COMMIT 3");
  BOOST_TEST(server.receive(8) == "COMMIT 3");
  server.send("done 3");
  BOOST_TEST(client.receive(6) == "done 3");
  BOOST_TEST(line.proxy.counts().sprung == 1U);
}

BOOST_AUTO_TEST_CASE(a_pattern_is_found_across_two_packets) {
  Connected line;
  line.proxy.set_trap({.pattern = "COMMIT", .action = TrapAction::Cut});
  line.client.send("COM");
  BOOST_TEST(line.server.receive(3) == "COM");
  line.client.send("MIT");
  BOOST_TEST(line.client.end() == ECONNRESET);
}

BOOST_AUTO_TEST_CASE(replies_can_be_lost_without_a_word) {
  Connected line;
  line.proxy.set_trap({.pattern = "COMMIT", .action = TrapAction::DropReply});
  line.client.send("COMMIT");
  BOOST_TEST(line.server.receive(6) == "COMMIT");
  line.server.send("done");
  BOOST_TEST(!line.client.has_news(kNothingCame));
  line.proxy.release();
  line.server.send("more");
  BOOST_TEST(line.client.receive(4) == "more");
}

BOOST_AUTO_TEST_CASE(one_byte_behind_a_pattern_is_inverted) {
  Connected line;
  line.proxy.set_trap(
      {.direction = Direction::ToClient, .pattern = "mark", .action = TrapAction::CorruptAfter, .offset = 2});
  line.server.send("a mark");
  line.server.send("0123");
  BOOST_TEST(line.client.receive(10) == std::string("a mark01") + static_cast<char>(~'2') + "3");
}

BOOST_AUTO_TEST_CASE(a_frozen_peer_says_nothing_but_its_kernel_answers) {
  Connected line;
  line.expect_open();
  line.proxy.freeze();
  line.client.send("ping");
  BOOST_TEST(!line.server.has_news(kNothingCame));
  int unacknowledged = 0;
  tcp_info info{};
  socklen_t size = sizeof(info);
  BOOST_REQUIRE_EQUAL(getsockopt(line.client.get(), IPPROTO_TCP, TCP_INFO, &info, &size), 0);
  unacknowledged = static_cast<int>(info.tcpi_unacked);
  BOOST_TEST(unacknowledged == 0);
  line.proxy.release();
  BOOST_TEST(line.server.receive(4) == "ping");
}

BOOST_AUTO_TEST_CASE(a_vanished_peer_acknowledges_nothing_until_it_comes_back) {
  Connected line;
  line.expect_open();
  line.proxy.vanish();
  const unsigned limit = 300;  // ms
  BOOST_REQUIRE_EQUAL(setsockopt(line.client.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof(limit)), 0);
  line.client.send("ping");
  BOOST_TEST(line.client.end() == ETIMEDOUT);
  const Peer client = line.connect();  // a way that is open again
  const Peer server = line.accept();
  client.send("again");
  BOOST_TEST(server.receive(5) == "again");
}

BOOST_AUTO_TEST_CASE(newcomers_are_refused_frozen_or_ignored) {
  Line line;
  line.proxy.set_newcomers(Newcomers::Refused);
  BOOST_TEST(line.connect().end() == ECONNRESET);
  line.proxy.set_newcomers(Newcomers::Frozen);
  const Peer frozen = line.connect();
  frozen.send("hello");
  BOOST_TEST(!frozen.has_news(kNothingCame));
  line.proxy.set_newcomers(Newcomers::Ignored);
  FileDescriptor ignored(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(line.proxy.port());
  BOOST_TEST(connect(ignored.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == -1);
  pollfd entry{ignored.get(), POLLOUT, 0};
  BOOST_TEST(poll(&entry, 1, static_cast<int>(kNothingCame.count())) == 0);
  line.proxy.release();
  BOOST_TEST(frozen.end() == ECONNRESET);
  line.expect_new_works();
}

BOOST_AUTO_TEST_CASE(delayed_bytes_keep_their_order) {
  Connected line;
  line.proxy.set_delay(milliseconds(40), milliseconds(20));
  const auto start = Clock::now();
  line.client.send("one");
  line.client.send("two");
  BOOST_TEST(line.server.receive(6) == "onetwo");
  BOOST_TEST((Clock::now() - start >= milliseconds(40)));
}

BOOST_AUTO_TEST_CASE(a_throttled_line_takes_its_time) {
  Connected line;
  line.proxy.set_throttle(20'000);
  const auto start = Clock::now();
  line.client.send(std::string(5'000, 'x'));
  BOOST_TEST(line.server.receive(5'000).size() == 5'000U);
  BOOST_TEST((Clock::now() - start >= milliseconds(200)));
  line.proxy.set_throttle(0);
  line.expect_open();
}

BOOST_AUTO_TEST_CASE(the_connections_of_a_throttled_line_share_its_room) {
  Connected line;
  const Peer other_client = line.connect();
  const Peer other_server = line.accept();
  line.proxy.set_throttle(20'000);
  line.client.send(std::string(20'000, 'x'));
  other_client.send(std::string(1'000, 'y'));
  BOOST_TEST(other_server.receive(1'000).size() == 1'000U);
  int arrived = 0;
  BOOST_REQUIRE_EQUAL(ioctl(line.server.get(), FIONREAD, &arrived), 0);
  BOOST_TEST(arrived < 10'000);  // and not after all of it
}

BOOST_AUTO_TEST_CASE(a_flapping_line_cuts_again_and_again) {
  Line line;
  line.proxy.set_flapping(milliseconds(20));
  for (int i = 0; i < 3; ++i) {
    const Peer client = line.connect();
    const Peer server = line.accept();
    BOOST_TEST(client.end() == ECONNRESET);
  }
  line.proxy.set_flapping(milliseconds(0));
  const Peer client = line.connect();
  const Peer server = line.accept();
  client.send("stays");
  BOOST_TEST(server.receive(5) == "stays");
}

BOOST_AUTO_TEST_CASE(a_server_that_is_down_resets_its_clients) {
  Line line;
  line.listener.reset();
  BOOST_TEST(line.connect().end() == ECONNRESET);
}

}  // namespace
