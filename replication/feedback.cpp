#include "replication/feedback.hpp"

#include <cstdint>

#include "pg/wire_time.hpp"

namespace replication {

namespace {

void append_u64(std::string& frame, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    frame += static_cast<char>(value >> static_cast<unsigned>(shift) & 0xFFU);
}

}  // namespace

std::string encode_feedback(const Feedback& feedback) {
  constexpr std::size_t kFrameBytes = 34;
  std::string frame;
  frame.reserve(kFrameBytes);
  frame += 'r';
  append_u64(frame, feedback.received.bytes());
  append_u64(frame, feedback.flushed.bytes());
  append_u64(frame, feedback.flushed.bytes());
  append_u64(frame, static_cast<std::uint64_t>(pg::to_wire_time(feedback.sent_at)));
  frame += feedback.wants_reply ? '\1' : '\0';
  return frame;
}

}  // namespace replication
