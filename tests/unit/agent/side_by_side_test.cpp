#include "agent/side_by_side.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace {

core::Error lost() { return core::Error(core::ErrorKind::Source, "server closed the connection").transient(); }

agent::SideWorker begun_again(agent::SideWorker begin) {
  return agent::begun_again_when_lost("a job", std::move(begin));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(side_by_side)

BOOST_AUTO_TEST_CASE(every_job_is_done_once_by_whichever_worker) {
  std::vector<std::atomic<int>> done(100);
  agent::side_by_side(3, done.size(), {},
                      [&](std::uint32_t) { return [&](std::size_t job, const std::stop_token&) { ++done[job]; }; });
  for (const auto& times : done) BOOST_TEST(times == 1);
}

BOOST_AUTO_TEST_CASE(what_one_worker_throws_ends_the_others_and_is_thrown_again) {
  BOOST_CHECK_THROW(agent::side_by_side(2, 2, {},
                                        [&](std::uint32_t) {
                                          return [&](std::size_t job, const std::stop_token& stop) {
                                            if (job == 0) throw std::runtime_error{"this one"};
                                            while (!stop.stop_requested()) std::this_thread::yield();
                                          };
                                        }),
                    std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_lost_at_work_or_while_it_is_made_is_made_anew_for_the_same_job) {
  int connections = 0;
  std::vector<int> done(3);
  agent::side_by_side(1, done.size(), {}, begun_again([&](std::uint32_t) -> agent::SideJob {
                        if (++connections == 2) throw lost();
                        return [&, mine = connections](std::size_t job, const std::stop_token&) {
                          if (mine == 1 && job == 1) throw lost();
                          ++done[job];
                        };
                      }));
  BOOST_TEST(done == std::vector<int>({1, 1, 1}), boost::test_tools::per_element());
  BOOST_TEST(connections == 3);
}

BOOST_AUTO_TEST_CASE(what_trying_again_cannot_mend_is_thrown_at_once) {
  for (const core::Error& error :
       {core::Error{core::ErrorKind::Target, "permission denied"}, lost().with("snapshot", "00000003-1")}) {
    int tries = 0;
    BOOST_CHECK_THROW(agent::side_by_side(1, 1, {}, begun_again([&](std::uint32_t) -> agent::SideJob {
                                            ++tries;
                                            throw core::Error{error};
                                          })),
                      core::Error);
    BOOST_TEST(tries == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_never_to_be_had_is_given_up) {
  int tries = 0;
  BOOST_CHECK_THROW(agent::side_by_side(1, 1, {}, begun_again([&](std::uint32_t) -> agent::SideJob {
                                          ++tries;
                                          throw lost();
                                        })),
                    core::Error);
  BOOST_TEST(tries == 4);
}

BOOST_AUTO_TEST_SUITE_END()
