#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/tcp_link.hpp"

namespace tests {

/// Where a proxy's server listens. A host with a leading '/' is the directory of PostgreSQL's unix socket.
struct ServerAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
};

/// What happens to connections that are made from now on.
enum class Newcomers : std::uint8_t {
  Served,   ///< they are passed on to the server
  Refused,  ///< RST as soon as they are made
  Frozen,   ///< made, and never answered
  Ignored,  ///< not even made: the machine seems to be gone
};

/// How many bytes and connections a proxy has seen.
struct ProxyCounts {
  std::size_t accepted = 0;                            ///< connections ever made
  std::size_t open = 0;                                ///< links of which at least one side is still there
  std::size_t sprung = 0;                              ///< traps that caught something
  std::size_t cut = 0;                                 ///< links that the proxy reset
  std::size_t to_server = 0, to_client = 0;            ///< bytes that passed
  std::size_t held_to_server = 0, held_to_client = 0;  ///< bytes that wait now
};

/// The network as it is, for tests: listens on 127.0.0.1, forwards to a server, and cuts, holds, loses, slows down or
/// corrupts what passes when told so. It has a thread of its own; every function may be called from any thread and has
/// happened when it returns. Servers must not speak TLS for traps to see anything (`sslmode=disable`).
///
/// Functions with `of` mean the present connections whose start-up packet holds that text (their application_name, say
/// "dispatch-sync/stream"), all of them when it is empty. Connections made later are not concerned: see set_newcomers().
class TcpProxy {
 public:
  /// With a listening port of 0, a free one. Throws std::system_error.
  explicit TcpProxy(ServerAddress server, std::uint16_t listening_port = 0, std::uint64_t seed = 1);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// A libpq URI through the proxy, without TLS; `parameters` as "name=value&name=value".
  [[nodiscard]] std::string url(const std::string& database, const std::string& user,
                                const std::string& parameters = "") const;

  /// RST to both sides.
  void cut(const std::string& of = "");
  /// RST to the clients alone: the server hears nothing of it before release(), and then first what was held for it.
  void cut_clients(const std::string& of = "");
  /// Bytes of this direction wait until release(), also when their sender or receiver has gone meanwhile.
  void hold(Direction direction, const std::string& of = "");
  /// Bytes of this direction are lost from now on.
  void lose(Direction direction, const std::string& of = "");
  /// Half-open: nothing passes and nobody is told. The peers' kernels still acknowledge: a program that hangs.
  void freeze(const std::string& of = "");
  /// Half-open, and packets stay unacknowledged, keepalive probes too: a machine or a route that is gone. Works on TCP
  /// sides; what the proxy's kernel has acknowledged before counts as delivered.
  void vanish(const std::string& of = "");
  /// Ends hold, lose, freeze and vanish of all links, and set_newcomers(): what was held passes now.
  void release();

  void set_newcomers(Newcomers newcomers);
  /// Every byte arrives this much later, plus a random time up to `jitter`; both directions.
  void set_delay(std::chrono::milliseconds delay, std::chrono::milliseconds jitter = {});
  /// All connections together pass no more than this, each way; 0 ends it.
  void set_throttle(std::size_t bytes_per_second);
  /// Connections that are made from now on reach the server without their `options`, as through a pooler in session mode.
  void drop_options();
  /// Connections that are made from now on go to it and to the proxy's other servers in turn: one name for several.
  void add_server(ServerAddress server);
  /// Cuts all links every `interval`; 0 ends it.
  void set_flapping(std::chrono::milliseconds interval);
  /// Waits for the trap's pattern; traps are independent of each other, and each is sprung once.
  void set_trap(Trap trap);
  /// Takes away the traps that were not sprung.
  void clear_traps();

  [[nodiscard]] ProxyCounts counts() const;
  /// Waits until a trap has caught something, the `count`th since the start. Throws Timeout.
  void wait_sprung(std::size_t count = 1, std::chrono::milliseconds limit = std::chrono::seconds(30)) const;

 private:
  using Clock = TcpLink::Clock;

  void run(const std::stop_token& stop);
  void accept_one();
  void serve(TcpLink& link, Direction direction, Clock::time_point now);
  /// Looks for traps in bytes that were read. Gives the place from which they are held, if at all.
  std::optional<std::size_t> spring_traps(TcpLink& link, Direction direction, const std::string& bytes);
  void change(const std::string& of, const std::function<void(TcpLink&)>& what);
  void cut_link(TcpLink& link);
  void wake() const;

  // Constant after construction.
  FileDescriptor listener_;
  FileDescriptor waker_;
  std::uint16_t port_ = 0;

  mutable std::mutex mutex_;  // protects all below
  std::vector<ServerAddress> servers_;
  std::vector<std::unique_ptr<TcpLink>> links_;
  std::vector<Trap> traps_;  // those that wait
  std::mt19937_64 random_;
  Newcomers newcomers_ = Newcomers::Served;
  std::chrono::milliseconds delay_{0}, jitter_{0};
  bool drops_options_ = false;
  std::size_t bytes_per_second_ = 0;
  TcpLink::Room room_ = {};  // when the throttled ways have room again
  std::chrono::milliseconds flapping_{0};
  Clock::time_point next_flap_;
  ProxyCounts counts_;

  std::jthread thread_;
};

}  // namespace tests
