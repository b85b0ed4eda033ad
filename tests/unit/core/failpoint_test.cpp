#include "core/failpoint.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>

#include "core/error.hpp"

namespace {

// The environment is read once per process, so each expectation gets a process of its own. Returns its wait status.
int in_a_child(const char* failpoints, const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("AGENT_FAILPOINTS", failpoints, 1);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

bool throws(const char* name) {
  try {
    core::hit_failpoint(name);
    return false;
  } catch (const core::Error& error) {
    return error.is_transient() && error.kind() == core::ErrorKind::Target && error.context("failpoint") == name;
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(failpoints)

BOOST_AUTO_TEST_CASE(a_failpoint_throws_each_time_or_just_the_named_time) {
  const int status = in_a_child("a=throw;b=throw@2", [] {
    const bool is_right = throws("a") && throws("a") && !throws("b") && throws("b") && !throws("b") && !throws("c");
    return is_right ? 0 : 1;
  });
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_CASE(an_error_is_of_the_side_that_the_place_belongs_to_and_may_be_for_good) {
  const auto kind_at = [](const char* name, bool is_transient) {
    try {
      core::hit_failpoint(name);
    } catch (const core::Error& error) {
      if (error.is_transient() == is_transient) return error.kind();
    }
    return core::ErrorKind::Bug;
  };
  const int status =
      in_a_child("before_ack=throw;after_commit_sent=throw;before_state_write=fail;before_target_commit=fail", [&] {
        using enum core::ErrorKind;
        const bool is_right = kind_at("before_ack", true) == Source && kind_at("after_commit_sent", true) == InDoubt &&
                              kind_at("before_state_write", false) == State &&
                              kind_at("before_target_commit", false) == Target;
        return is_right ? 0 : 1;
      });
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_CASE(a_failpoint_kills_the_process_without_a_word) {
  const int status = in_a_child("here=kill@2", [] {
    core::hit_failpoint("here");
    core::hit_failpoint("here");
    return 0;
  });
  BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
}

BOOST_AUTO_TEST_CASE(a_failpoint_waits) {
  const int status = in_a_child("slow=wait:30", [] {
    const auto began = std::chrono::steady_clock::now();
    core::hit_failpoint("slow");
    return std::chrono::steady_clock::now() - began >= std::chrono::milliseconds{30} ? 0 : 1;
  });
  BOOST_TEST(status == 0);
}

BOOST_AUTO_TEST_CASE(without_a_list_nothing_happens) {
  BOOST_TEST(in_a_child("", [] { return throws("a") ? 1 : 0; }) == 0);
  BOOST_TEST(in_a_child("nonsense;=;a", [] { return throws("a") ? 1 : 0; }) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
