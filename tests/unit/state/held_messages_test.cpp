#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

#include "core/held_transactions.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/state/fixture.hpp"

namespace state {

using namespace tests;

namespace {

std::vector<std::uint64_t> sequences(const std::vector<core::HeldMessage>& messages) {
  std::vector<std::uint64_t> sequences;
  for (const core::HeldMessage& message : messages) sequences.push_back(message.sequence);
  return sequences;
}

std::vector<core::HeldMessage> read_all(core::HeldTransactions& held, std::uint32_t xid, std::size_t most_bytes) {
  std::vector<core::HeldMessage> all;
  std::uint64_t from = 0;
  for (;;) {
    const auto piece = held.read(xid, from, most_bytes);
    if (piece.empty()) return all;
    all.insert(all.end(), piece.begin(), piece.end());
    from = piece.back().sequence + 1;
  }
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(held_messages, StoreFixture)

BOOST_AUTO_TEST_CASE(messages_come_back_in_order_and_in_bounded_pieces) {
  core::HeldTransactions& held = store->held_transactions();
  for (std::uint64_t sequence : {1U, 2U, 256U, 70'000U}) held.append(7, 7, sequence, "0123456789");
  held.append(8, 8, 1, "other");
  BOOST_TEST(held.held_bytes(7) == 40U);
  BOOST_TEST(held.held_bytes() == 45U);
  BOOST_TEST((sequences(held.read(7, 0, 25)) == std::vector<std::uint64_t>{1, 2}));
  BOOST_TEST((sequences(held.read(7, 0, 1)) == std::vector<std::uint64_t>{1}));
  BOOST_TEST((sequences(held.read(7, 3, 1000)) == std::vector<std::uint64_t>{256, 70'000}));
  BOOST_TEST(held.read(7, 70'001, 1000).empty());
  BOOST_TEST(held.read(7, 256, 1000).front().bytes == "0123456789");
  BOOST_TEST(held.read(9, 0, 1000).empty());
}

BOOST_AUTO_TEST_CASE(an_aborted_subtransaction_takes_exactly_its_messages) {
  core::HeldTransactions& held = store->held_transactions();
  const std::vector<std::uint32_t> subxids{7, 8, 8, 9, 8, 7, 9};
  for (std::size_t i = 0; i < subxids.size(); ++i) held.append(7, subxids[i], i, "x");
  held.discard_subtransaction(7, 9);
  BOOST_TEST((sequences(held.read(7, 0, 100)) == std::vector<std::uint64_t>{0, 1, 2, 4, 5}));
  // Its two runs have nothing between them any more.
  held.discard_subtransaction(7, 8);
  BOOST_TEST((sequences(held.read(7, 0, 100)) == std::vector<std::uint64_t>{0, 5}));
  BOOST_TEST(held.held_bytes(7) == 2U);
  held.append(7, 8, 10, "again");
  held.discard_subtransaction(7, 12);
  held.discard_subtransaction(99, 8);
  BOOST_TEST((sequences(held.read(7, 0, 100)) == std::vector<std::uint64_t>{0, 5, 10}));
}

BOOST_AUTO_TEST_CASE(dropped_transactions_are_gone_and_the_others_are_not) {
  core::HeldTransactions& held = store->held_transactions();
  for (const std::uint32_t xid : {7U, 8U, 9U}) held.append(xid, xid, 1, "x");
  held.drop(8);
  held.drop(8);
  BOOST_TEST(held.read(8, 0, 100).empty());
  BOOST_TEST(held.read(7, 0, 100).size() == 1U);
  BOOST_TEST(held.held_bytes() == 2U);
  held.drop_all();
  BOOST_TEST(held.read(7, 0, 100).empty());
  BOOST_TEST(held.held_bytes() == 0U);
  held.append(7, 7, 1, "new");
  BOOST_TEST(held.read(7, 0, 100).front().bytes == "new");
}

BOOST_AUTO_TEST_CASE(nothing_is_held_after_a_reopening) {
  store->held_transactions().append(7, 7, 1, std::string(2U << 20U, 'x'));
  store->held_transactions().append(7, 7, 2, "y");
  reopen();
  BOOST_TEST(store->held_transactions().held_bytes() == 0U);
  store->held_transactions().append(7, 7, 5, "z");
  BOOST_TEST((sequences(store->held_transactions().read(7, 0, 100)) == std::vector<std::uint64_t>{5}));
}

BOOST_AUTO_TEST_CASE(held_transactions_behave_like_a_map_whatever_is_done_to_them) {
  std::mt19937_64 random{seed()};
  core::HeldTransactions& held = store->held_transactions();
  struct Message {
    std::uint32_t subxid;
    std::string bytes;
  };
  std::map<std::uint32_t, std::map<std::uint64_t, Message>> model;
  std::uint64_t sequence = 0;
  for (int step = 0; step < 5'000; ++step) {
    const auto xid = static_cast<std::uint32_t>(random() % 3);
    const auto subxid = static_cast<std::uint32_t>(random() % 4);
    const std::uint64_t kind = random() % 100;
    if (kind < 85) {
      const std::string bytes(random() % 50, static_cast<char>('a' + random() % 26));
      held.append(xid, subxid, ++sequence, bytes);
      model[xid][sequence] = {subxid, bytes};
    } else if (kind < 95) {
      held.discard_subtransaction(xid, subxid);
      std::erase_if(model[xid], [&](const auto& entry) { return entry.second.subxid == subxid; });
    } else if (kind < 97) {
      held.drop(xid);
      model.erase(xid);
    } else {
      std::size_t bytes = 0;
      const auto found = read_all(held, xid, 1 + random() % 500);
      BOOST_REQUIRE_EQUAL(found.size(), model[xid].size());
      auto expected = model[xid].begin();
      for (const core::HeldMessage& message : found) {
        BOOST_REQUIRE_EQUAL(message.sequence, expected->first);
        BOOST_REQUIRE_EQUAL(message.bytes, expected->second.bytes);
        bytes += message.bytes.size();
        ++expected;
      }
      BOOST_REQUIRE_EQUAL(held.held_bytes(xid), bytes);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace state
