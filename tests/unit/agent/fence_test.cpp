#include "agent/fence.hpp"

#include <boost/test/unit_test.hpp>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/fence_request.hpp"
#include "core/error.hpp"

using agent::Fence;
using core::CommitLsn;
using core::Lsn;
using State = Fence::State;

namespace {

/// An applier that goes through transactions which commit at 10, 20, 30, … for ever, and notes how far it is.
class Applier {
 public:
  explicit Applier(Fence& fence) : fence_(fence) {}
  ~Applier() { stop(); }
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;

  void stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] std::uint64_t applied() const { return applied_; }

 private:
  void work(const std::stop_token& stop) {
    for (std::uint64_t next = 10; !stop.stop_requested();) {
      fence_.pass(Lsn{applied_}, stop);
      if (fence_.pass_before(CommitLsn{Lsn{next}}, stop)) continue;
      applied_ = next + 1;
      next += 10;
      std::this_thread::yield();
    }
  }

  Fence& fence_;
  std::atomic<std::uint64_t> applied_ = 1;
  std::jthread thread_{[this](const std::stop_token& stop) { work(stop); }};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(fence)

// reliability 122
BOOST_AUTO_TEST_CASE(who_is_let_go_to_a_position_applies_exactly_what_committed_before_it) {
  Fence fence;
  Applier applier{fence};
  BOOST_REQUIRE(fence.hold("me"));
  const std::uint64_t stood = applier.applied();
  BOOST_TEST((fence.state("me") == State::Standing));
  // The next transaction commits at stood + 9, the one after it at stood + 19.
  BOOST_REQUIRE(fence.let_go_to("me", Lsn{stood + 15}));
  while (fence.state("me") == State::Going) std::this_thread::yield();
  BOOST_TEST((fence.state("me") == State::Standing));
  BOOST_TEST(applier.applied() == stood + 10);
  BOOST_TEST(fence.release("me"));
  while (applier.applied() == stood + 10) std::this_thread::yield();
}

// reliability 125
BOOST_AUTO_TEST_CASE(nobody_holds_it_for_longer_than_a_lease) {
  Fence fence;
  Applier applier{fence};
  const auto began = std::chrono::steady_clock::now();
  BOOST_REQUIRE(fence.hold("dead soon"));
  const std::uint64_t stood = applier.applied();
  while (applier.applied() == stood) std::this_thread::yield();
  BOOST_TEST((std::chrono::steady_clock::now() - began >= Fence::kLease));
  BOOST_TEST((fence.state("dead soon") == State::Gone));
  BOOST_TEST(!fence.let_go_to("dead soon", Lsn{1000}));
  BOOST_TEST(!fence.release("dead soon"));
  BOOST_TEST(fence.hold("another"));
  BOOST_TEST(fence.release("another"));
}

BOOST_AUTO_TEST_CASE(only_one_may_hold_it_and_only_he_lets_it_go) {
  Fence fence;
  Applier applier{fence};
  BOOST_REQUIRE(fence.hold("me"));
  BOOST_TEST(!fence.hold("you"));
  BOOST_TEST(!fence.release("you"));
  BOOST_TEST((fence.state("you") == State::Gone));
  BOOST_TEST((fence.state("me") == State::Standing));
  BOOST_TEST(fence.release("me"));
}

BOOST_AUTO_TEST_CASE(an_applier_that_does_not_come_to_a_boundary_is_not_waited_for_and_not_held_later) {
  Fence fence;
  BOOST_TEST(!fence.hold("me"));
  std::stop_source stop;
  fence.pass(Lsn{1}, stop.get_token());  // returns at once
  BOOST_TEST((fence.state("me") == State::Gone));
}

BOOST_AUTO_TEST_CASE(a_stop_ends_every_wait) {
  Fence fence;
  Applier applier{fence};
  BOOST_REQUIRE(fence.hold("me"));
  const auto began = std::chrono::steady_clock::now();
  applier.stop();
  BOOST_TEST((std::chrono::steady_clock::now() - began < Fence::kLease));
}

BOOST_AUTO_TEST_CASE(requests_without_a_holder_or_with_an_unknown_action_are_refused) {
  Fence fence;
  const auto is_usage = [](const core::Error& error) { return error.kind() == core::ErrorKind::Usage; };
  BOOST_CHECK_EXCEPTION(answer_fence(fence, {{"action", "hold"}}), core::Error, is_usage);
  BOOST_CHECK_EXCEPTION(answer_fence(fence, {{"action", "lift"}, {"holder", "me"}}), core::Error, is_usage);
  BOOST_CHECK_EXCEPTION(answer_fence(fence, {{"action", "let_go_to"}, {"holder", "me"}, {"lsn", "x"}}), core::Error,
                        is_usage);
  BOOST_TEST(answer_fence(fence, {{"action", "state"}, {"holder", "me"}}).at("state") == "gone");
}

BOOST_AUTO_TEST_SUITE_END()
