#include "tests/support/process.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/agent_binary.hpp"
#include "tests/support/wait.hpp"

using namespace std::chrono_literals;
using tests::Process;
using tests::ProcessOptions;

namespace {

ProcessOptions shell(const std::string& script) { return {.program = "/bin/sh", .args = {"-c", script}}; }

bool is_alive(pid_t pid) { return kill(pid, 0) == 0; }

}  // namespace

BOOST_AUTO_TEST_SUITE(process)

BOOST_AUTO_TEST_CASE(exit_code_and_both_outputs_are_kept) {
  Process process(shell("echo good; echo bad >&2; exit 7"));
  BOOST_TEST(process.wait() == 7);
  BOOST_TEST(process.out() == "good\n");
  BOOST_TEST(process.err() == "bad\n");
}

BOOST_AUTO_TEST_CASE(death_by_a_signal_is_reported_as_shells_do) {
  Process process(shell("echo ready; exec sleep 60"));
  process.wait_for_line("^ready$");
  process.kill(SIGKILL);
  BOOST_TEST(process.wait() == 128 + SIGKILL);
  process.kill(SIGTERM);  // the pid may be another's by now: must do nothing
  BOOST_TEST(!process.is_running());
}

BOOST_AUTO_TEST_CASE(environment_is_added_replaced_and_taken_away) {
  setenv("DISPATCH_TEST_TAKEN", "here", 1);
  setenv("DISPATCH_TEST_REPLACED", "old", 1);
  Process process(
      {.program = "/bin/sh",
       .args = {"-c", "echo \"$DISPATCH_TEST_REPLACED,${DISPATCH_TEST_TAKEN-gone},$DISPATCH_TEST_ADDED\"; pwd"},
       .environment = {{"DISPATCH_TEST_REPLACED", "new"}, {"DISPATCH_TEST_ADDED", "a b"}},
       .unset = {"DISPATCH_TEST_TAKEN"},
       .directory = "/usr"});
  BOOST_TEST(process.wait() == 0);
  BOOST_TEST(process.out() == "new,gone,a b\n/usr\n");
}

BOOST_AUTO_TEST_CASE(a_line_is_found_only_when_it_is_whole) {
  Process process(shell("printf 'port 54'; exec sleep 60"));
  BOOST_CHECK_THROW(process.wait_for_line("port", 200ms), tests::Timeout);
}

BOOST_AUTO_TEST_CASE(waiting_for_a_line_ends_when_the_process_does) {
  Process process(shell("echo something else >&2; exit 3"));
  BOOST_CHECK_EXCEPTION(process.wait_for_line("ready", 20s), std::runtime_error, [](const std::runtime_error& error) {
    const std::string text = error.what();
    return text.find("ended with 3") != std::string::npos && text.find("something else") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(waiting_in_vain_says_what_the_process_wrote) {
  Process process(shell("echo stuck; exec sleep 60"));
  process.wait_for_line("stuck");
  BOOST_CHECK_EXCEPTION(process.wait(50ms), tests::Timeout, [](const tests::Timeout& timeout) {
    return std::string(timeout.what()).find("stuck") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(a_missing_program_is_named) {
  BOOST_CHECK_EXCEPTION(Process({.program = "/nowhere/agent"}), std::runtime_error,
                        [](const std::runtime_error& error) {
                          return std::string(error.what()).find("/nowhere/agent") != std::string::npos;
                        });
}

BOOST_AUTO_TEST_CASE(the_program_under_test_can_be_chosen_and_must_exist) {
  // In a program of its own, since the variable is this whole process's.
  const auto is_found = [](const std::string& chosen) {
    Process process({.program = std::filesystem::read_symlink("/proc/self/exe"),
                     .args = {"--run_test=agent_binary/is_there"},
                     .environment = {{"AGENT_BINARY", chosen}}});
    return process.wait() == 0;
  };
  BOOST_TEST(is_found("/bin/true"));
  BOOST_TEST(!is_found("/nowhere/agent"));
}

BOOST_AUTO_TEST_CASE(the_destructor_leaves_nothing_running) {
  pid_t pid = 0;
  {
    Process process(shell("echo ready; exec sleep 60"));
    process.wait_for_line("ready");
    pid = process.pid();
    BOOST_TEST(is_alive(pid));
  }
  BOOST_TEST(!is_alive(pid));
}

BOOST_AUTO_TEST_CASE(a_process_dies_with_its_parent_even_when_that_is_killed) {
  // A test process of our own making starts one program and is then killed without a chance to clean up.
  const tests::TempDir left_behind("orphan");
  int channel[2];
  BOOST_REQUIRE(pipe(channel) == 0);
  const pid_t middle = fork();
  if (middle == 0) {
    setenv("TMPDIR", left_behind.path().c_str(), 1);
    const Process grandchild(shell("exec sleep 60"));
    const pid_t pid = grandchild.pid();
    if (write(channel[1], &pid, sizeof pid) != sizeof pid) {
      _exit(1);
    }
    pause();
    _exit(0);
  }
  pid_t grandchild = 0;
  BOOST_REQUIRE(read(channel[0], &grandchild, sizeof grandchild) == sizeof grandchild);
  close(channel[0]);
  close(channel[1]);
  BOOST_TEST(is_alive(grandchild));
  kill(middle, SIGKILL);
  BOOST_REQUIRE(waitpid(middle, nullptr, 0) == middle);
  // Nobody reaps an orphan but init, which may take its time: a zombie is as good as gone.
  const auto is_gone = [&] {
    const std::string state = tests::run(shell("ps -o stat= -p " + std::to_string(grandchild) + " || true"));
    return state.empty() || state.front() == 'Z';
  };
  tests::wait_until(is_gone, "the death of the grandchild", 10s);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(agent_binary, *boost::unit_test::disabled())

// Run by the_program_under_test_can_be_chosen_and_must_exist.
BOOST_AUTO_TEST_CASE(is_there) { BOOST_TEST(!tests::agent_binary().empty()); }

BOOST_AUTO_TEST_SUITE_END()
