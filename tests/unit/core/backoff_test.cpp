#include "core/backoff.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using core::Backoff;
using std::chrono::milliseconds;

BOOST_AUTO_TEST_SUITE(backoff)

BOOST_AUTO_TEST_CASE(waits_double_up_to_the_most_with_at_most_half_taken_off) {
  Backoff waits{milliseconds{100}, milliseconds{1500}, 7};
  for (const std::int64_t full : {100, 200, 400, 800, 1500, 1500, 1500}) {
    const std::int64_t wait = waits.next().count();
    BOOST_TEST(wait <= full);
    BOOST_TEST(wait > full / 2 - 1);
  }
}

BOOST_AUTO_TEST_CASE(success_starts_anew) {
  Backoff waits{milliseconds{100}, milliseconds{10000}, 7};
  for (int i = 0; i < 5; ++i) static_cast<void>(waits.next());
  waits.reset();
  BOOST_TEST(waits.next().count() <= 100);
}

BOOST_AUTO_TEST_CASE(agents_of_different_seeds_do_not_come_back_in_step) {
  std::set<std::int64_t> first_waits;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Backoff waits{milliseconds{10000}, milliseconds{10000}, seed};
    Backoff same{milliseconds{10000}, milliseconds{10000}, seed};
    const auto wait = waits.next();
    BOOST_TEST(wait.count() == same.next().count());
    first_waits.insert(wait.count());
  }
  BOOST_TEST(first_waits.size() > 40U);
}

BOOST_AUTO_TEST_CASE(waits_too_short_to_halve_are_kept) {
  Backoff waits{milliseconds{1}, milliseconds{1}, 3};
  BOOST_TEST(waits.next().count() == 1);
  Backoff none{milliseconds{0}, milliseconds{0}, 3};
  BOOST_TEST(none.next().count() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
