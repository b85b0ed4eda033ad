#include "replication/byte_cursor.hpp"

#include <string>

#include "tests/unit/replication/expect_error.hpp"

using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(byte_cursor)

BOOST_AUTO_TEST_CASE(numbers_are_big_endian) {
  const std::string bytes = "\x01\x02\x03\x04\x05\x06\x07\xff\xff\xff\xff\x80\0\0\0\0\0\0\0"s;
  replication::ByteCursor cursor{bytes};
  BOOST_TEST(cursor.read_u8() == 0x01);
  BOOST_TEST(cursor.read_u16() == 0x0203);
  BOOST_TEST(cursor.read_u32() == 0x04050607U);
  BOOST_TEST(cursor.read_i32() == -1);
  BOOST_TEST(cursor.read_u64() == 0x8000000000000000U);
  BOOST_CHECK_NO_THROW(cursor.require_end());
}

BOOST_AUTO_TEST_CASE(a_string_ends_at_its_zero_byte) {
  const std::string bytes = "ab\0\0c"s;
  replication::ByteCursor cursor{bytes};
  BOOST_TEST(cursor.read_string() == "ab");
  BOOST_TEST(cursor.read_string().empty());
  EXPECT_ERROR(cursor.read_string(), Protocol);
}

BOOST_AUTO_TEST_CASE(nothing_is_read_past_the_end) {
  replication::ByteCursor cursor{"abc"};
  EXPECT_ERROR(cursor.read_u32(), Protocol);
  EXPECT_ERROR(cursor.read_bytes(4), Protocol);
  EXPECT_ERROR(cursor.require(static_cast<std::size_t>(-1)), Protocol);
  BOOST_TEST(cursor.read_bytes(3) == "abc");
  EXPECT_ERROR(cursor.read_u8(), Protocol);
}

BOOST_AUTO_TEST_CASE(bytes_left_over_are_an_error) {
  replication::ByteCursor cursor{"ab"};
  static_cast<void>(cursor.read_u8());
  EXPECT_ERROR(cursor.require_end(), Protocol);
}

BOOST_AUTO_TEST_SUITE_END()
