#include "core/bounded_queue.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <thread>

using core::BoundedQueue;
using std::chrono::milliseconds;
using std::chrono::seconds;

BOOST_AUTO_TEST_SUITE(bounded_queue)

BOOST_AUTO_TEST_CASE(items_come_out_in_the_order_they_went_in) {
  BoundedQueue<int> queue{100};
  for (int i = 0; i < 3; ++i) BOOST_TEST(!queue.try_push(i, 10).has_value());
  BOOST_TEST(queue.held_bytes() == 30U);
  for (int i = 0; i < 3; ++i) BOOST_TEST(queue.try_pop().value() == i);
  BOOST_TEST(queue.held_bytes() == 0U);
  BOOST_TEST(queue.is_empty());
  BOOST_TEST(!queue.try_pop().has_value());
}

BOOST_AUTO_TEST_CASE(a_full_queue_gives_the_item_back) {
  BoundedQueue<std::unique_ptr<int>> queue{100};
  BOOST_TEST(!queue.try_push(std::make_unique<int>(1), 60).has_value());
  auto refused = queue.try_push(std::make_unique<int>(2), 41);
  BOOST_REQUIRE(refused.has_value());
  BOOST_TEST(**refused == 2);
  BOOST_TEST(!queue.try_push(std::move(*refused), 40).has_value());
  BOOST_TEST(queue.held_bytes() == 100U);
}

BOOST_AUTO_TEST_CASE(an_empty_queue_takes_any_item) {
  BoundedQueue<int> queue{10};
  BOOST_TEST(!queue.try_push(1, 1000).has_value());
  BOOST_TEST(queue.try_push(2, 0).has_value());  // over its bound until the large one is gone
  BOOST_TEST(queue.try_pop().value() == 1);
  BOOST_TEST(queue.push(2, 1000));
}

BOOST_AUTO_TEST_CASE(a_producer_waits_until_there_is_room) {
  BoundedQueue<int> queue{10};
  BOOST_TEST(queue.push(1, 10));
  auto pushed = std::async(std::launch::async, [&] { return queue.push(2, 10); });
  BOOST_TEST(queue.pop(seconds{10}).value() == 1);
  BOOST_TEST(queue.pop(seconds{10}).value() == 2);  // comes only once the first made room
  BOOST_TEST(pushed.get());
}

BOOST_AUTO_TEST_CASE(a_consumer_gets_nothing_when_its_time_is_over) {
  BoundedQueue<int> queue{10};
  BOOST_TEST(!queue.pop(milliseconds{1}).has_value());
}

BOOST_AUTO_TEST_CASE(a_closed_queue_takes_nothing_more_and_is_drained) {
  BoundedQueue<int> queue{10};
  BOOST_TEST(queue.push(1, 10));
  auto waiting = std::async(std::launch::async, [&] { return queue.push(2, 10); });
  queue.close();
  BOOST_TEST(!waiting.get());
  BOOST_TEST(queue.is_closed());
  BOOST_TEST(!queue.push(3, 1));
  BOOST_TEST(!queue.try_push(3, 1).has_value());
  BOOST_TEST(queue.pop(seconds{10}).value() == 1);
  BOOST_TEST(!queue.pop(seconds{10}).has_value());  // at once, not after ten seconds
}

BOOST_AUTO_TEST_CASE(closing_wakes_a_waiting_consumer) {
  BoundedQueue<int> queue{10};
  auto waiting = std::async(std::launch::async, [&] { return queue.pop(seconds{600}); });
  queue.close();
  BOOST_TEST(!waiting.get().has_value());
}

BOOST_AUTO_TEST_CASE(nothing_is_lost_or_doubled_between_threads) {
  constexpr int kItems = 20000;
  BoundedQueue<int> queue{64};
  std::jthread producer{[&] {
    for (int i = 0; i < kItems; ++i) queue.push(i, static_cast<std::size_t>(i % 7));
    queue.close();
  }};
  int expected = 0;
  while (const auto item = queue.pop(seconds{30})) {
    if (*item != expected) break;
    ++expected;
  }
  queue.close();
  BOOST_TEST(expected == kItems);
}

BOOST_AUTO_TEST_SUITE_END()
