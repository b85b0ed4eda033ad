#include "replication/memory_held_transactions.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(memory_held_transactions)

BOOST_AUTO_TEST_CASE(messages_are_read_back_in_order_and_in_bounded_pieces) {
  replication::MemoryHeldTransactions held;
  held.append(1, 1, 10, "aaaa");
  held.append(1, 2, 11, "bbbb");
  held.append(2, 2, 12, "other");
  held.append(1, 1, 13, "cccc");
  const auto first = held.read(1, 0, 8);
  BOOST_REQUIRE(first.size() == 2U);
  BOOST_TEST(first[1].bytes == "bbbb");
  const auto rest = held.read(1, first[1].sequence + 1, 1);
  BOOST_REQUIRE(rest.size() == 1U);
  BOOST_TEST(rest[0].sequence == 13U);
  BOOST_TEST(held.read(1, 14, 100).empty());
  BOOST_TEST(held.held_bytes(1) == 12U);
  BOOST_TEST(held.held_bytes() == 17U);
}

BOOST_AUTO_TEST_CASE(a_subtransaction_is_discarded_alone) {
  replication::MemoryHeldTransactions held;
  held.append(1, 1, 1, "top");
  held.append(1, 5, 2, "sub");
  held.append(2, 5, 3, "of another");
  held.discard_subtransaction(1, 5);
  held.discard_subtransaction(1, 99);
  held.discard_subtransaction(77, 99);
  BOOST_TEST(held.read(1, 0, 100).size() == 1U);
  BOOST_TEST(held.held_bytes(1) == 3U);
  BOOST_TEST(held.read(2, 0, 100).size() == 1U);
}

BOOST_AUTO_TEST_CASE(dropping_forgets_one_or_all) {
  replication::MemoryHeldTransactions held;
  held.append(1, 1, 1, "x");
  held.append(2, 2, 2, "y");
  held.drop(1);
  held.drop(1);
  BOOST_TEST(held.read(1, 0, 100).empty());
  BOOST_TEST(held.held_bytes() == 1U);
  held.drop_all();
  BOOST_TEST(held.held_bytes() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
