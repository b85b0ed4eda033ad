#pragma once

#include <string>

#include "core/lsn.hpp"
#include "core/transaction.hpp"

namespace replication {

/// What a standby status update tells the source. Only `flushed` moves the slot, for good and unchecked.
struct Feedback {
  core::Lsn received;
  core::Lsn flushed;
  core::Timestamp sent_at;
  bool wants_reply = false;
};

/// The frame `r`, 34 bytes. What is flushed counts as applied too.
[[nodiscard]] std::string encode_feedback(const Feedback& feedback);

}  // namespace replication
