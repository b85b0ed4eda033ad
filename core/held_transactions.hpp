#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace core {

/// One message of a transaction that the source streamed before its end was known, as it came.
struct HeldMessage {
  std::uint64_t sequence = 0;  ///< its place in the top transaction; strictly increasing
  std::string bytes;           ///< the message as it was received
};

/// Where the messages of streamed, unfinished transactions wait for their commit. Keyed by (top transaction, sequence); each
/// message carries the subtransaction that it falls with. Used by one thread.
///
/// Nothing in here survives a lost connection: the source sends an unfinished transaction again from its beginning, so the
/// reader calls drop_all() before each new stream.
class HeldTransactions {
 public:
  virtual ~HeldTransactions() = default;

  /// Keeps a message. `sequence` is greater than that of every earlier message of `xid`. Throws Error(State), transient when
  /// it would work once there is room again; in any case nothing was kept and the same call may be repeated.
  virtual void append(std::uint32_t xid, std::uint32_t subxid, std::uint64_t sequence, std::string_view bytes) = 0;

  /// Forgets exactly the messages of `xid` that were appended with `subxid`. Unknown numbers are no error.
  virtual void discard_subtransaction(std::uint32_t xid, std::uint32_t subxid) = 0;

  /// Forgets a whole transaction. Unknown numbers are no error.
  virtual void drop(std::uint32_t xid) = 0;
  virtual void drop_all() = 0;

  /// Messages of `xid` with a sequence of at least `from`, in order: as many as fit into `most_bytes`, but one at least; none
  /// when there are no more. May be repeated as long as the transaction is not dropped.
  [[nodiscard]] virtual std::vector<HeldMessage> read(std::uint32_t xid, std::uint64_t from,
                                                      std::size_t most_bytes) = 0;

  /// Bytes held for one transaction, and for all of them.
  [[nodiscard]] virtual std::size_t held_bytes(std::uint32_t xid) const = 0;
  [[nodiscard]] virtual std::size_t held_bytes() const = 0;
};

}  // namespace core
