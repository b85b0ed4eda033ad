#include "replication/progress.hpp"

#include <deque>
#include <random>
#include <set>
#include <variant>
#include <vector>

#include "tests/support/seed.hpp"
#include "tests/unit/replication/expect_error.hpp"

using core::EndLsn;
using core::Lsn;
using replication::Progress;

BOOST_AUTO_TEST_SUITE(progress)

BOOST_AUTO_TEST_CASE(only_applied_transactions_are_acknowledged) {
  Progress progress{Lsn{100}};
  progress.received(EndLsn{Lsn{200}});
  BOOST_TEST(progress.ack().bytes() == 100U);
  BOOST_TEST(!progress.is_nothing_pending());
  progress.applied(EndLsn{Lsn{200}});
  BOOST_TEST(progress.ack().bytes() == 200U);
  BOOST_TEST(progress.is_nothing_pending());
}

BOOST_AUTO_TEST_CASE(a_keepalive_beyond_unapplied_transactions_moves_nothing) {  // reliability 41, 148
  Progress progress{Lsn{100}};
  progress.received(EndLsn{Lsn{200}});
  progress.heard(Lsn{500});
  BOOST_TEST(!progress.has_idle_horizon());
  BOOST_TEST(!progress.idle_horizon().has_value());
  BOOST_TEST(progress.ack().bytes() == 100U);
}

BOOST_AUTO_TEST_CASE(a_horizon_counts_once_it_is_in_the_checkpoint) {
  Progress progress{Lsn{100}};
  progress.heard(Lsn{500});
  BOOST_REQUIRE(progress.idle_horizon() == Lsn{500});
  BOOST_TEST(!progress.idle_horizon().has_value());  // offered once
  BOOST_TEST(progress.ack().bytes() == 100U);
  progress.checkpointed(Lsn{500});
  BOOST_TEST(progress.ack().bytes() == 500U);
}

BOOST_AUTO_TEST_CASE(a_horizon_lost_with_the_queue_is_offered_again) {
  Progress progress{Lsn{100}};
  progress.heard(Lsn{500});
  BOOST_REQUIRE(progress.idle_horizon().has_value());
  progress.interrupted();
  BOOST_CHECK(progress.idle_horizon() == Lsn{500});
}

BOOST_AUTO_TEST_CASE(
    the_first_keepalive_of_a_session_is_no_progress) {  // reliability 146: it carries confirmed_flush_lsn
  Progress progress{Lsn{100}};
  progress.heard(Lsn{90});
  BOOST_TEST(!progress.idle_horizon().has_value());
  BOOST_TEST(progress.received().bytes() == 100U);
  BOOST_TEST(progress.ack().bytes() == 100U);
}

BOOST_AUTO_TEST_CASE(transactions_that_come_again_are_no_way_back) {
  Progress progress{Lsn{100}};
  progress.received(EndLsn{Lsn{300}});
  progress.received(EndLsn{Lsn{200}});
  progress.applied(EndLsn{Lsn{200}});
  BOOST_TEST(progress.received().bytes() == 300U);
  BOOST_TEST(!progress.is_nothing_pending());
}

BOOST_AUTO_TEST_CASE(applied_cannot_go_back_nor_beyond_what_was_received) {
  Progress progress{Lsn{100}};
  progress.received(EndLsn{Lsn{200}});
  EXPECT_ERROR(progress.applied(EndLsn{Lsn{201}}), Bug);
  EXPECT_ERROR(progress.applied(EndLsn{Lsn{99}}), Bug);
  EXPECT_ERROR(progress.checkpointed(Lsn{300}), Bug);
  BOOST_TEST(progress.applied().bytes() == 100U);
}

// A random source, receiver and applier, with lost connections: whatever happens, the acknowledgement is monotonic, within the
// checkpoint, and never covers a transaction that is not applied.
BOOST_AUTO_TEST_CASE(an_acknowledgement_never_covers_what_is_not_applied) {  // reliability 146
  std::mt19937_64 random{tests::seed()};
  const auto dice = [&](unsigned sides) { return static_cast<unsigned>(random() % sides); };
  for (int run = 0; run < 200; ++run) {
    constexpr std::uint64_t kStart = 1000;
    Progress progress{Lsn{kStart}};
    std::vector<std::uint64_t> ends;  // of all transactions that the source has committed
    std::uint64_t wal = kStart;
    std::size_t sent = 0;
    std::deque<std::variant<EndLsn, Lsn>> queue;
    std::uint64_t checkpoint = kStart;
    std::uint64_t acked = 0;
    std::set<std::uint64_t> is_applied;
    std::size_t first_unapplied = 0;
    for (int step = 0; step < 400; ++step) {
      switch (dice(8)) {
        case 0:  // the source commits
          wal += 1 + dice(50);
          ends.push_back(wal);
          break;
        case 1: wal += dice(100); break;  // something unpublished
        case 2:
        case 3:  // a transaction arrives
          if (sent < ends.size()) {
            const EndLsn end{Lsn{ends[sent++]}};
            progress.received(end);
            queue.emplace_back(end);
          }
          break;
        case 4:  // a keepalive: decoding is at most before the next transaction
          progress.heard(Lsn{sent < ends.size() ? ends[sent] - 1 : wal});
          if (const auto horizon = progress.idle_horizon()) queue.emplace_back(*horizon);
          break;
        case 5:
        case 6:  // the applier
          if (!queue.empty()) {
            const auto event = queue.front();
            queue.pop_front();
            const auto* end = std::get_if<EndLsn>(&event);
            const std::uint64_t position = end != nullptr ? end->lsn.bytes() : std::get<Lsn>(event).bytes();
            if (position <= checkpoint) break;  // came again: skipped
            checkpoint = position;
            if (end != nullptr) {
              is_applied.insert(position);
              progress.applied(*end);
            } else {
              progress.checkpointed(Lsn{position});
            }
          }
          break;
        default:  // the connection breaks; the queue may be thrown away
          if (dice(10) != 0) break;
          if (dice(2) == 0) queue.clear();
          progress.interrupted();
          sent = 0;
          while (sent < ends.size() && ends[sent] <= checkpoint) ++sent;
          break;
      }
      const std::uint64_t before = acked;
      acked = progress.ack().bytes();
      BOOST_REQUIRE_GE(acked, before);
      BOOST_REQUIRE_LE(acked, checkpoint);
      BOOST_REQUIRE(progress.applied().bytes() == checkpoint);
      BOOST_REQUIRE_LE(acked, progress.received().bytes());
      // Every transaction that the source may forget is applied.
      while (is_applied.contains(first_unapplied < ends.size() ? ends[first_unapplied] : 0)) ++first_unapplied;
      if (first_unapplied < ends.size()) BOOST_REQUIRE_GT(ends[first_unapplied], acked);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
