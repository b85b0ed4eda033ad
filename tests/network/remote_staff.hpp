#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tests/crash/staff.hpp"
#include "tests/support/tcp_proxy.hpp"

namespace network {

/// What the agent's sessions are called: the one that reads the stream, and the one that writes.
inline const std::string kStream = "dispatch-sync/stream";
inline const std::string kWriter = "dispatch-sync/apply";

/// The message that carries COMMIT, whole: the word alone stands in other statements as well.
inline const std::string kCommit(
    "Q\0\0\0\x0b"
    "COMMIT\0",
    12);

/// The staff of the crash tests, with a network between the agent and either server that can fail. The test itself talks
/// to the servers directly. The agent gives up a silent peer after two or three seconds instead of half a minute.
class RemoteStaff : public crash::Staff {
 public:
  /// Few chunks, so that the snapshot is quick where it is not what is tested.
  explicit RemoteStaff(std::uint32_t chunk_rows = 2000);

  tests::TcpProxy source_line;
  tests::TcpProxy target_line;

  /// The snapshot and what follows are on the target, and the agent streams.
  void start_streaming();
  /// The agent's checkpoint on the target; 0/0 when there is none.
  [[nodiscard]] std::string checkpoint() const;
  /// What the slot was told.
  [[nodiscard]] std::string acknowledged() const;
  /// Process id of the walsender that reads the slot; 0 when nobody does.
  [[nodiscard]] int walsender() const;
  /// How many of the target's sessions have a name like this (a pattern of LIKE).
  [[nodiscard]] int sessions_on_target(const std::string& name_like) const;

  /// At any moment: the source was told no more than what is on the target, and the checkpoint never goes back. Looks in
  /// this order, so that what happens between the looks is no error.
  void expect_sound();
  /// Everything that the source committed so far is on the target; looks for soundness all the time.
  void wait_applied(std::chrono::milliseconds limit = std::chrono::seconds(60));
  /// The network heals; everything arrives, a stop is clean, the tables and counters equal the oracle.
  void expect_converged();

 private:
  std::string last_checkpoint_ = "0/0";
};

}  // namespace network
