#include "tests/support/tcp_link.hpp"

#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "tests/support/system_error.hpp"

namespace tests {

namespace {

constexpr std::size_t kPiece = 64UL * 1024;
/// What may wait in one direction before the proxy stops reading there: a slow link has little room. Held bytes may be more.
constexpr std::size_t kRoom = 1024UL * 1024;
constexpr std::size_t kGreeting = 4096;

bool is_tcp(int socket) {
  int domain = 0;
  socklen_t size = sizeof(domain);
  return getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain != AF_UNIX;
}

void set_up(int socket) {
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
  const int on = 1;
  if (is_tcp(socket)) setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/// close() will send an RST.
void set_reset(int socket) {
  const linger reset{1, 0};
  setsockopt(socket, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

}  // namespace

void deafen(int socket) {
  sock_filter drop_all{};
  drop_all.code = BPF_RET | BPF_K;
  const sock_fprog program{1, &drop_all};
  if (is_tcp(socket) && setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0) {
    throw_errno("cannot attach a filter to a socket");
  }
}

void undeafen(int socket) {
  const int unused = 0;
  if (is_tcp(socket)) setsockopt(socket, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
}

TcpLink::TcpLink(FileDescriptor client, FileDescriptor server)
    : client_(std::move(client)), server_(std::move(server)) {
  set_up(client_.get());
  set_up(server_.get());
  is_frozen_ = !server_.is_open();
}

int TcpLink::from(Direction direction) const {
  return direction == Direction::ToServer ? client_.get() : server_.get();
}

int TcpLink::to(Direction direction) const { return direction == Direction::ToServer ? server_.get() : client_.get(); }

bool TcpLink::is_over() const {
  return !client_.is_open() && !server_.is_open() && pipes_[0].waiting.empty() && pipes_[1].waiting.empty();
}

std::size_t TcpLink::sendable(const Pipe& pipe, Clock::time_point now) const {
  std::size_t bytes = 0;
  for (const Chunk& chunk : pipe.waiting) {
    if (chunk.due > now) break;
    bytes += chunk.bytes.size();
  }
  return std::min(bytes, pipe.allowance.value_or(bytes));
}

std::optional<TcpLink::Clock::time_point> TcpLink::enlist(std::vector<pollfd>& entries, Clock::time_point now,
                                                          const Room& room) const {
  std::optional<Clock::time_point> due;
  if (is_frozen_) return due;
  for (const Direction direction : {Direction::ToServer, Direction::ToClient}) {
    const Pipe& pipe = this->pipe(direction);
    const bool has_room = pipe.waiting_bytes < kRoom || pipe.allowance;
    if (from(direction) >= 0 && !pipe.has_ended && has_room) entries.push_back({from(direction), POLLIN, 0});
    if (pipe.waiting.empty() || to(direction) < 0) continue;
    const Clock::time_point passes_at = std::max(pipe.waiting.front().due, room[static_cast<std::size_t>(direction)]);
    if (pipe.allowance == 0) continue;
    if (passes_at <= now) {
      entries.push_back({to(direction), POLLOUT, 0});
    } else {
      due = std::min(due.value_or(passes_at), passes_at);
    }
  }
  return due;
}

std::string TcpLink::read(Direction direction) {
  Pipe& pipe = this->pipe(direction);
  const int socket = from(direction);
  if (is_frozen_ || socket < 0 || pipe.has_ended || (pipe.waiting_bytes >= kRoom && !pipe.allowance)) return {};
  std::array<char, kPiece> buffer;
  const ssize_t bytes = recv(socket, buffer.data(), buffer.size(), 0);
  if (bytes > 0) {
    std::string text(buffer.data(), static_cast<std::size_t>(bytes));
    if (direction == Direction::ToServer && greeting_.size() < kGreeting) greeting_ += text;
    return text;
  }
  if (bytes == 0) {
    pipe.has_ended = true;
  } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    lose_peer(socket);
  }
  return {};
}

void TcpLink::take(Direction direction, std::string bytes, Clock::time_point due,
                   std::optional<std::size_t> hold_from) {
  Pipe& pipe = this->pipe(direction);
  if (hold_from && !pipe.allowance) pipe.allowance = pipe.waiting_bytes + *hold_from;
  if (pipe.is_lossy || bytes.empty() || to(direction) < 0) return;
  if (!pipe.waiting.empty()) due = std::max(due, pipe.waiting.back().due);
  pipe.waiting_bytes += bytes.size();
  pipe.waiting.push_back({due, std::move(bytes)});
}

std::size_t TcpLink::pass(Direction direction, Clock::time_point now, std::size_t most) {
  Pipe& pipe = this->pipe(direction);
  std::size_t passed = 0;
  if (is_frozen_) return passed;
  std::size_t left = std::min(most, sendable(pipe, now));
  while (left > 0 && to(direction) >= 0) {
    Chunk& chunk = pipe.waiting.front();
    const ssize_t bytes =
        send(to(direction), chunk.bytes.data(), std::min(left, chunk.bytes.size()), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (bytes < 0) {
      if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) lose_peer(to(direction));
      break;
    }
    const auto count = static_cast<std::size_t>(bytes);
    passed += count;
    left -= count;
    pipe.waiting_bytes -= count;
    if (pipe.allowance) *pipe.allowance -= count;
    chunk.bytes.erase(0, count);
    if (chunk.bytes.empty()) pipe.waiting.pop_front();
  }
  pipe.passed_bytes += passed;
  // An end is passed on behind the last byte, so it waits as long as held bytes do.
  if (pipe.has_ended && !pipe.is_closed && pipe.waiting.empty() && !pipe.allowance) {
    pipe.is_closed = true;
    if (to(direction) >= 0) shutdown(to(direction), SHUT_WR);
  }
  if (pipes_[0].is_closed && pipes_[1].is_closed) {
    client_.reset();
    server_.reset();
  }
  return passed;
}

void TcpLink::lose_peer(int socket) {
  const bool is_client = socket == client_.get();
  (is_client ? client_ : server_).reset();
  pipe(is_client ? Direction::ToServer : Direction::ToClient).has_ended = true;
  // Nobody takes what was meant for it.
  Pipe& unwanted = pipe(is_client ? Direction::ToClient : Direction::ToServer);
  unwanted.waiting.clear();
  unwanted.waiting_bytes = 0;
}

void TcpLink::hold(Direction direction) {
  Pipe& pipe = this->pipe(direction);
  if (!pipe.allowance) pipe.allowance = 0;
}

void TcpLink::release() {
  for (Pipe& pipe : pipes_) {
    pipe.allowance.reset();
    pipe.is_lossy = false;
  }
  cuts_at_reply = false;
  if (std::exchange(has_vanished_, false)) {
    if (client_.is_open()) undeafen(client_.get());
    if (server_.is_open()) undeafen(server_.get());
  }
  is_frozen_ = false;
}

void TcpLink::vanish() {
  is_frozen_ = true;
  has_vanished_ = true;
  if (client_.is_open()) deafen(client_.get());
  if (server_.is_open()) deafen(server_.get());
}

void TcpLink::cut_client() {
  hold(Direction::ToServer);
  set_reset(client_.get());
  if (client_.is_open()) lose_peer(client_.get());
}

void TcpLink::cut() {
  for (FileDescriptor* socket : {&client_, &server_}) {
    set_reset(socket->get());
    socket->reset();
  }
  for (Pipe& pipe : pipes_) {
    pipe.waiting.clear();
    pipe.waiting_bytes = 0;
    pipe.has_ended = pipe.is_closed = true;
  }
}

}  // namespace tests
