#include "replication/feedback.hpp"
#include "replication/server_frame.hpp"

#include <string>

#include "pg/wire_time.hpp"
#include "tests/unit/replication/expect_error.hpp"
#include "tests/unit/replication/fixture.hpp"
#include "tests/unit/replication/wire.hpp"

using replication::parse_server_frame;

BOOST_AUTO_TEST_SUITE(frames)

BOOST_AUTO_TEST_CASE(data_frames_give_their_payload_whatever_their_header_says) {  // reliability 146
  for (const std::uint64_t lsn : {0ULL, 5ULL, 3ULL}) {
    const std::string frame = wire::Bytes{'w'}.u64(lsn).u64(lsn).u64(0).raw("payload");
    BOOST_TEST(std::get<replication::DataFrame>(parse_server_frame(frame)).payload == "payload");
  }
}

BOOST_AUTO_TEST_CASE(keepalives_tell_position_and_whether_to_answer) {  // reliability 146
  const std::string frame = wire::Bytes{'k'}.u64(0xABC).u64(0).u8(1);
  const auto keepalive = std::get<replication::KeepaliveFrame>(parse_server_frame(frame));
  BOOST_TEST(keepalive.wal_end.bytes() == 0xABCU);
  BOOST_TEST(keepalive.wants_reply);
}

BOOST_AUTO_TEST_CASE(broken_frames_are_errors) {
  EXPECT_ERROR(parse_server_frame(""), Protocol);
  EXPECT_ERROR(parse_server_frame("x"), Protocol);
  const std::string keepalive = wire::Bytes{'k'}.u64(1).u64(0).u8(0);
  for (std::size_t length = 0; length < keepalive.size(); ++length) {
    EXPECT_ERROR(parse_server_frame(keepalive.substr(0, length)), Protocol);
  }
  EXPECT_ERROR(parse_server_frame(keepalive + "x"), Protocol);
  EXPECT_ERROR(parse_server_frame(wire::Bytes{'k'}.u64(1).u64(0).u8(2)), Protocol);
  EXPECT_ERROR(parse_server_frame(wire::Bytes{'w'}.u64(1).u64(1).u32(0)), Protocol);
}

BOOST_AUTO_TEST_CASE(a_status_has_34_bytes_and_flushes_what_it_says) {  // reliability 146
  const std::string frame =
      replication::encode_feedback({core::Lsn{0x30}, core::Lsn{0x20}, pg::from_wire_time(0x0102), true});
  BOOST_TEST(frame.size() == 34U);
  BOOST_TEST(frame == fixture::from_hex("72 0000000000000030 0000000000000020 0000000000000020 0000000000000102 01"));
}

BOOST_AUTO_TEST_SUITE_END()
