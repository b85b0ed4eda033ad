#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/change.hpp"
#include "core/lsn.hpp"

namespace core {

/// Wall-clock time of the source, microseconds since the Unix epoch.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// A transactional logical message (pg_logical_emit_message(true, …)): ordered with the data of its transaction.
struct Message {
  std::string prefix;
  std::string content;
};

/// A committed source transaction, or one bounded piece of a large one. Pieces of one transaction follow each other
/// without anything in between; the transaction counts only when its last piece is there.
struct TransactionPart {
  std::uint32_t xid = 0;
  CommitLsn commit_lsn;
  EndLsn end_lsn;  ///< known on the last part only; 0/0 before
  Timestamp commit_time;
  bool is_first = true;
  bool is_last = true;
  std::vector<Change> changes;
  std::vector<Message> messages;

  [[nodiscard]] std::size_t bytes() const {
    constexpr std::size_t kOverhead = 128;
    std::size_t total = kOverhead;
    for (const Change& change : changes) total += change.bytes();
    for (const Message& message : messages) total += message.prefix.size() + message.content.size();
    return total;
  }
};

/// The connection broke: a transaction whose last part has not come yet will be sent again, whole. Roll it back.
struct Interrupted {};

/// Everything that the source had to send before `horizon` was sent: without pending transactions it may be checkpointed.
struct IdleHorizon {
  Lsn horizon;
};

/// What the receiver hands to the applier, in order.
using StreamEvent = std::variant<TransactionPart, Interrupted, IdleHorizon>;

}  // namespace core
