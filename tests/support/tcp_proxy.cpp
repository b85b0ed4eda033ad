#include "tests/support/tcp_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <stdexcept>
#include <utility>

#include "tests/support/loopback.hpp"
#include "tests/support/system_error.hpp"
#include "tests/support/wait.hpp"

namespace tests {

namespace {

FileDescriptor listen_on_loopback(std::uint16_t& port) {
  FileDescriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address = loopback(port);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener.get(), generic, size) != 0 || listen(listener.get(), SOMAXCONN) != 0 ||
      getsockname(listener.get(), generic, &size) != 0) {
    throw_errno("cannot listen on 127.0.0.1:" + std::to_string(port));
  }
  port = ntohs(address.sin_port);
  return listener;
}

/// Blocks no longer than a local server takes; an unopened descriptor when there is none.
FileDescriptor connect_to(const ServerAddress& server) {
  const bool is_unix = server.host.starts_with('/');
  FileDescriptor socket(::socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un local{};
  sockaddr_in remote{};
  if (is_unix) {
    local.sun_family = AF_UNIX;
    const std::string path = server.host + "/.s.PGSQL." + std::to_string(server.port);
    if (path.size() >= sizeof(local.sun_path)) throw std::invalid_argument("too long for a unix socket: " + path);
    std::memcpy(local.sun_path, path.c_str(), path.size() + 1);
  } else {
    remote.sin_family = AF_INET;
    remote.sin_port = htons(server.port);
    if (inet_pton(AF_INET, server.host == "localhost" ? "127.0.0.1" : server.host.c_str(), &remote.sin_addr) != 1) {
      throw std::invalid_argument("not an IPv4 address: " + server.host);
    }
  }
  const auto* const address =
      is_unix ? reinterpret_cast<const sockaddr*>(&local) : reinterpret_cast<const sockaddr*>(&remote);
  if (connect(socket.get(), address, is_unix ? sizeof(local) : sizeof(remote)) != 0) socket.reset();
  return socket;
}

/// A start-up packet (a length of four bytes, a version, then names and values, each with a zero behind it) without its options.
std::string without_options(std::string startup) {
  const std::string name("\0options\0", 9);
  const std::size_t at = startup.find(name);
  if (at == std::string::npos) return startup;
  const std::size_t end = startup.find('\0', at + name.size());
  startup.erase(at + 1, end - at);
  for (std::size_t i = 0; i < 4; ++i) startup[i] = static_cast<char>(startup.size() >> (24 - 8 * i) & 0xFFU);
  return startup;
}

}  // namespace

TcpProxy::TcpProxy(ServerAddress server, std::uint16_t listening_port, std::uint64_t seed)
    : waker_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      port_(listening_port),
      servers_{std::move(server)},
      random_(seed) {
  listener_ = listen_on_loopback(port_);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

TcpProxy::~TcpProxy() {
  thread_.request_stop();
  wake();
  thread_.join();
}

std::string TcpProxy::url(const std::string& database, const std::string& user, const std::string& parameters) const {
  return "postgresql://" + user + "@127.0.0.1:" + std::to_string(port_) + "/" + database + "?sslmode=disable" +
         (parameters.empty() ? "" : "&" + parameters);
}

void TcpProxy::wake() const {
  const std::uint64_t one = 1;
  // It can fail only because the counter is high already, which wakes just as well.
  [[maybe_unused]] const ssize_t written = write(waker_.get(), &one, sizeof(one));
}

void TcpProxy::run(const std::stop_token& stop) {
  std::vector<pollfd> entries;
  while (!stop.stop_requested()) {
    std::optional<Clock::time_point> due;
    entries = {{listener_.get(), POLLIN, 0}, {waker_.get(), POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      const auto now = Clock::now();
      for (const auto& link : links_) {
        const auto link_due = link->enlist(entries, now, room_);
        if (link_due) due = std::min(due.value_or(*link_due), *link_due);
      }
      if (flapping_.count() > 0) due = std::min(due.value_or(next_flap_), next_flap_);
    }
    int timeout = -1;
    if (due) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - Clock::now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
    }
    poll(entries.data(), entries.size(), timeout);

    const std::lock_guard lock(mutex_);
    std::uint64_t unused = 0;
    [[maybe_unused]] const ssize_t bytes = read(waker_.get(), &unused, sizeof(unused));
    const auto now = Clock::now();
    if (flapping_.count() > 0 && now >= next_flap_) {
      for (const auto& link : links_) cut_link(*link);
      next_flap_ = now + flapping_;
    }
    if ((entries.front().revents & POLLIN) != 0) accept_one();
    std::set<const TcpLink*> took;
    for (const auto& link : links_) {
      const std::size_t before = counts_.to_server + counts_.to_client;
      serve(*link, Direction::ToServer, now);
      serve(*link, Direction::ToClient, now);
      if (counts_.to_server + counts_.to_client > before) took.insert(link.get());
    }
    // A throttled line has room for one of them at a time: whoever had it goes behind the others.
    std::ranges::stable_partition(links_, [&](const auto& link) { return !took.contains(link.get()); });
    std::erase_if(links_, [](const auto& link) { return link->is_over(); });
  }
}

void TcpProxy::accept_one() {
  FileDescriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!client.is_open()) return;
  ++counts_.accepted;
  const bool is_frozen = newcomers_ == Newcomers::Frozen;
  FileDescriptor server =
      newcomers_ == Newcomers::Served ? connect_to(servers_[counts_.accepted % servers_.size()]) : FileDescriptor{};
  const bool is_refused = !server.is_open() && !is_frozen;
  links_.push_back(std::make_unique<TcpLink>(std::move(client), std::move(server)));
  if (is_refused) links_.back()->cut();
}

void TcpProxy::serve(TcpLink& link, Direction direction, Clock::time_point now) {
  const bool is_greeting = link.greeting().empty() && direction == Direction::ToServer;
  std::string bytes = link.read(direction);
  if (drops_options_ && is_greeting) bytes = without_options(bytes);
  if (!bytes.empty()) {
    if (direction == Direction::ToClient && link.cuts_at_reply) return cut_link(link);
    const auto hold_from = spring_traps(link, direction, bytes);
    TcpLink::Pipe& pipe = link.pipe(direction);
    if (pipe.corrupt_in) {
      if (*pipe.corrupt_in < bytes.size()) {
        bytes[*pipe.corrupt_in] = static_cast<char>(~bytes[*pipe.corrupt_in]);
        pipe.corrupt_in.reset();
      } else {
        *pipe.corrupt_in -= bytes.size();
      }
    }
    auto delay = delay_;
    if (jitter_.count() > 0) {
      delay += std::chrono::milliseconds(random_() % static_cast<std::uint64_t>(jitter_.count() + 1));
    }
    link.take(direction, std::move(bytes), now + delay, hold_from);
  }
  auto& room = room_[static_cast<std::size_t>(direction)];
  std::size_t most = SIZE_MAX;
  if (bytes_per_second_ > 0) {
    // Pieces of a hundredth of a second: smooth enough, and few enough.
    most = now < room ? 0 : std::max<std::size_t>(bytes_per_second_ / 100, 1);
  }
  const std::size_t passed = link.pass(direction, now, most);
  (direction == Direction::ToServer ? counts_.to_server : counts_.to_client) += passed;
  if (bytes_per_second_ > 0 && passed > 0) {
    room = now + std::chrono::microseconds(passed * 1'000'000 / bytes_per_second_);
  }
}

std::optional<std::size_t> TcpProxy::spring_traps(TcpLink& link, Direction direction, const std::string& bytes) {
  TcpLink::Pipe& pipe = link.pipe(direction);
  const std::string text = pipe.tail + bytes;
  const std::size_t old = pipe.tail.size();
  std::optional<std::size_t> hold_from;
  bool is_cut = false;
  const auto is_sprung = [&](Trap& trap) {
    if (trap.direction != direction) return false;
    for (std::size_t at = text.find(trap.pattern); at != std::string::npos; at = text.find(trap.pattern, at + 1)) {
      const std::size_t end = at + trap.pattern.size();
      if (end <= old || trap.skip-- > 0) continue;  // seen before, or not its turn
      switch (trap.action) {
        case TrapAction::Cut: is_cut = true; break;
        case TrapAction::Hold: hold_from = at > old ? at - old : 0; break;
        case TrapAction::HoldReply: link.hold(Direction::ToClient); break;
        case TrapAction::DropReply: link.lose(Direction::ToClient); break;
        case TrapAction::CutAtReply: link.cuts_at_reply = true; break;
        case TrapAction::CorruptAfter: pipe.corrupt_in = end - old + trap.offset; break;
      }
      ++counts_.sprung;
      return true;
    }
    return false;
  };
  std::erase_if(traps_, is_sprung);
  std::size_t longest = 1;
  for (const Trap& trap : traps_) longest = std::max(longest, trap.pattern.size());
  pipe.tail = text.substr(text.size() - std::min(text.size(), longest - 1));
  if (is_cut) cut_link(link);
  return hold_from;
}

void TcpProxy::cut_link(TcpLink& link) {
  link.cut();
  ++counts_.cut;
}

void TcpProxy::change(const std::string& of, const std::function<void(TcpLink&)>& what) {
  const std::lock_guard lock(mutex_);
  for (const auto& link : links_) {
    if (link->greeting().find(of) != std::string::npos) what(*link);
  }
  wake();
}

void TcpProxy::cut(const std::string& of) {
  change(of, [this](TcpLink& link) { cut_link(link); });
}

void TcpProxy::cut_clients(const std::string& of) {
  change(of, [](TcpLink& link) { link.cut_client(); });
}

void TcpProxy::hold(Direction direction, const std::string& of) {
  change(of, [direction](TcpLink& link) { link.hold(direction); });
}

void TcpProxy::lose(Direction direction, const std::string& of) {
  change(of, [direction](TcpLink& link) { link.lose(direction); });
}

void TcpProxy::freeze(const std::string& of) {
  change(of, [](TcpLink& link) { link.freeze(); });
}

void TcpProxy::vanish(const std::string& of) {
  change(of, [](TcpLink& link) { link.vanish(); });
}

void TcpProxy::release() {
  change("",
         [this](TcpLink& link) { link.has_server() || !link.greeting().empty() ? link.release() : cut_link(link); });
  set_newcomers(Newcomers::Served);
}

void TcpProxy::set_newcomers(Newcomers newcomers) {
  const std::lock_guard lock(mutex_);
  newcomers_ = newcomers;
  newcomers == Newcomers::Ignored ? deafen(listener_.get()) : undeafen(listener_.get());
}

void TcpProxy::set_delay(std::chrono::milliseconds delay, std::chrono::milliseconds jitter) {
  const std::lock_guard lock(mutex_);
  delay_ = delay;
  jitter_ = jitter;
}

void TcpProxy::set_throttle(std::size_t bytes_per_second) {
  const std::lock_guard lock(mutex_);
  bytes_per_second_ = bytes_per_second;
  room_ = {};
  wake();
}

void TcpProxy::drop_options() {
  const std::lock_guard lock(mutex_);
  drops_options_ = true;
}

void TcpProxy::add_server(ServerAddress server) {
  const std::lock_guard lock{mutex_};
  servers_.push_back(std::move(server));
}

void TcpProxy::set_flapping(std::chrono::milliseconds interval) {
  const std::lock_guard lock(mutex_);
  flapping_ = interval;
  next_flap_ = Clock::now() + interval;
  wake();
}

void TcpProxy::set_trap(Trap trap) {
  if (trap.pattern.empty()) throw std::invalid_argument("a trap needs a pattern");
  const std::lock_guard lock(mutex_);
  traps_.push_back(std::move(trap));
}

void TcpProxy::clear_traps() {
  const std::lock_guard lock(mutex_);
  traps_.clear();
}

ProxyCounts TcpProxy::counts() const {
  const std::lock_guard lock(mutex_);
  ProxyCounts counts = counts_;
  counts.open = links_.size();
  for (const auto& link : links_) {
    if (link->pipe(Direction::ToServer).allowance) {
      counts.held_to_server += link->pipe(Direction::ToServer).waiting_bytes;
    }
    if (link->pipe(Direction::ToClient).allowance) {
      counts.held_to_client += link->pipe(Direction::ToClient).waiting_bytes;
    }
  }
  return counts;
}

void TcpProxy::wait_sprung(std::size_t count, std::chrono::milliseconds limit) const {
  wait_until([&] { return counts().sprung >= count; }, "trap number " + std::to_string(count) + " to be sprung", limit);
}

}  // namespace tests
