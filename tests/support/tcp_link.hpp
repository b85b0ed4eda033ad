#pragma once

#include <poll.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/file_descriptor.hpp"

namespace tests {

/// Which way bytes go.
enum class Direction : std::uint8_t { ToServer, ToClient };

/// What a proxy does when it sees a trap's pattern pass. `Reply…` is about what the server sends next on that connection.
enum class TrapAction : std::uint8_t {
  Cut,           ///< both sides get an RST; the pattern does not pass
  Hold,          ///< the pattern and all that follows it in this direction waits for release()
  HoldReply,     ///< passes; what the server sends from now on waits for release()
  DropReply,     ///< passes; what the server sends from now on is lost, without a word
  CutAtReply,    ///< passes; the first byte of the reply is lost, and both sides get an RST
  CorruptAfter,  ///< passes; the byte `offset` behind the pattern's end is inverted
};

/// One thing to happen once, to the first connection where `pattern` passes for the `skip` + 1st time.
struct Trap {
  Direction direction = Direction::ToServer;
  std::string pattern;
  TrapAction action = TrapAction::Cut;
  std::size_t skip = 0;
  std::size_t offset = 0;  ///< for CorruptAfter
};

/// From now on the socket takes in no packet at all: the other kernel gets no acknowledgement and no answer to its
/// probes. On a listening socket: connections are not even made. Needs no rights. Nothing happens to a unix socket.
void deafen(int socket);
void undeafen(int socket);

/// One connection through a TcpProxy: two sockets and what waits between them. Belongs to the proxy's thread.
class TcpLink {
 public:
  using Clock = std::chrono::steady_clock;

  /// Bytes of one direction for a moment that have not passed yet.
  struct Chunk {
    Clock::time_point due;
    std::string bytes;
  };

  /// One direction of the link.
  struct Pipe {
    std::deque<Chunk> waiting;
    std::size_t waiting_bytes = 0;
    std::size_t passed_bytes = 0;
    std::optional<std::size_t> allowance;   ///< while held: how many of the waiting bytes may still pass
    bool is_lossy = false;                  ///< what comes is thrown away
    bool has_ended = false;                 ///< the sender will send no more
    bool is_closed = false;                 ///< and the receiver has been told so
    std::string tail;                       ///< the last bytes read: a pattern may come in two pieces
    std::optional<std::size_t> corrupt_in;  ///< how many bytes come before the one to invert
  };

  /// When either way has room again, by direction.
  using Room = std::array<Clock::time_point, 2>;

  /// Without a server, it is frozen for good.
  TcpLink(FileDescriptor client, FileDescriptor server);

  /// The start-up packet, as far as it has passed: names the connection's database, user and application_name.
  [[nodiscard]] const std::string& greeting() const { return greeting_; }
  [[nodiscard]] bool is_over() const;
  [[nodiscard]] bool has_server() const { return server_.is_open(); }
  [[nodiscard]] Pipe& pipe(Direction direction) { return pipes_[static_cast<std::size_t>(direction)]; }
  [[nodiscard]] const Pipe& pipe(Direction direction) const { return pipes_[static_cast<std::size_t>(direction)]; }

  /// Adds what to wait for to `entries`; gives the moment at which bytes may pass, if that comes by the clock alone.
  std::optional<Clock::time_point> enlist(std::vector<pollfd>& entries, Clock::time_point now, const Room& room) const;
  /// Reads what there is; gives it, before it is queued by take().
  [[nodiscard]] std::string read(Direction direction);
  /// Queues bytes that were read. With a `hold_from`, those from that place on are held.
  void take(Direction direction, std::string bytes, Clock::time_point due, std::optional<std::size_t> hold_from);
  /// Sends what is due, at most `most` bytes; gives how many.
  std::size_t pass(Direction direction, Clock::time_point now, std::size_t most);

  void hold(Direction direction);
  /// Undoes hold, lose, freeze and vanish.
  void release();
  void lose(Direction direction) { pipe(direction).is_lossy = true; }
  /// Neither reads nor writes any more: the peers' kernels still answer, the program behind them seems to hang.
  void freeze() { is_frozen_ = true; }
  /// The same, and the kernel drops what arrives unanswered, acknowledgements and probes too: the machine seems to be gone.
  void vanish();
  /// RST to both sides.
  void cut();
  /// RST to the client alone: what is held for the server stays, and the server hears nothing.
  void cut_client();

  bool cuts_at_reply = false;  ///< the next byte of the server resets the link

 private:
  [[nodiscard]] int from(Direction direction) const;
  [[nodiscard]] int to(Direction direction) const;
  void lose_peer(int socket);
  [[nodiscard]] std::size_t sendable(const Pipe& pipe, Clock::time_point now) const;

  FileDescriptor client_;
  FileDescriptor server_;
  std::array<Pipe, 2> pipes_;
  std::string greeting_;
  bool is_frozen_ = false;
  bool has_vanished_ = false;
};

}  // namespace tests
