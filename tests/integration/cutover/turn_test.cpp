// Two processes at one cutover: the target has ended the session that kept the second one out.
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <memory>
#include <string>

#include "tests/integration/cutover/switched_people.hpp"
#include "tests/support/tcp_proxy.hpp"
#include "tests/support/wait.hpp"

using cutover_tests::SwitchedPeople;

namespace {

/// A cutover that waits in `settle`, for as long as this lives.
class HeldCutover {
 public:
  explicit HeldCutover(const SwitchedPeople& pair) : pair_(pair), holder_(pair.target_admin.session()) {
    holder_.exec("BEGIN; LOCK TABLE public.people IN SHARE UPDATE EXCLUSIVE MODE");
    process_ = begin();
  }

  /// Another one, which comes as far as the first.
  [[nodiscard]] std::unique_ptr<tests::Process> begin() const {
    auto process = pair_.agent.begin({"cutover", "--yes"});
    process->wait_for_line("waits for somebody else's locks");
    return process;
  }
  void lose_its_turn() const {
    const std::string turn =
        " FROM pg_stat_activity WHERE application_name = 'dispatch-sync/cutover-turn' AND datname = current_database()";
    pair_.target_admin.exec("SELECT pg_terminate_backend(pid)" + turn);
    tests::wait_until([&] { return pair_.target_admin.query_value("SELECT count(*)" + turn) == "0"; }, "nobody's turn");
  }
  void go_on() { holder_.exec("ROLLBACK"); }
  [[nodiscard]] tests::Process& process() { return *process_; }

 private:
  const SwitchedPeople& pair_;
  tests::Sql holder_;
  std::unique_ptr<tests::Process> process_;
};

}  // namespace

// reliability 104
BOOST_AUTO_TEST_CASE(whoever_has_lost_the_turn_leaves_the_fence_to_the_one_that_has_it) {
  SwitchedPeople pair(20);
  pair.make_ready();
  HeldCutover first{pair};
  first.lose_its_turn();
  const auto second = first.begin();
  first.process().kill(SIGTERM);
  BOOST_TEST(first.process().wait() != 0);
  BOOST_TEST(first.process().err().find("another process has taken this cutover over") != std::string::npos,
             first.process().err());
  BOOST_TEST(!pair.takes_writes());
  first.go_on();
  BOOST_TEST(second->wait() == 0, second->err());
  pair.require_switched();
}

// reliability 104
BOOST_AUTO_TEST_CASE(whoever_has_lost_the_turn_does_nothing_more_to_a_cutover_that_was_aborted_meanwhile) {
  SwitchedPeople pair(20);
  pair.make_ready();
  HeldCutover first{pair};
  first.lose_its_turn();
  pair.agent.must({"cutover", "--abort"});
  pair.require_as_before();
  first.go_on();
  BOOST_TEST(first.process().wait() == 4, first.process().err());
  BOOST_TEST(first.process().err().find("another process has ended this cutover meanwhile") != std::string::npos,
             first.process().err());
  pair.require_as_before();
  BOOST_TEST(pair.on_target("SELECT string_agg(DISTINCT status, ',') FROM dispatch_sync.migration_control WHERE phase "
                            "= 'cutover' AND route = ''") == "aborted");
}

// reliability 104
BOOST_AUTO_TEST_CASE(a_turn_that_nobody_else_has_taken_is_taken_anew_to_give_the_source_back) {
  SwitchedPeople pair(20);
  pair.make_ready();
  HeldCutover cutover{pair};
  cutover.lose_its_turn();
  cutover.go_on();
  BOOST_TEST(cutover.process().wait() == 4, cutover.process().err());
  BOOST_TEST(cutover.process().err().find("lost its turn") != std::string::npos, cutover.process().err());
  BOOST_TEST(cutover.process().err().find("aborted, the source takes writes again") != std::string::npos,
             cutover.process().err());
  pair.require_as_before();
}

// reliability 104: a connection that is gone, of which the server has heard nothing
BOOST_AUTO_TEST_CASE(a_turn_that_the_server_still_sees_with_a_connection_that_is_gone_is_taken_anew) {
  SwitchedPeople pair(20);
  pair.make_ready();
  tests::TcpProxy proxy{{.port = tests::shared_servers().target_cluster.port()}};
  pair.agent.options().target_url = proxy.url(pair.name, "postgres");
  pair.agent.configure();
  HeldCutover cutover{pair};
  proxy.cut_clients("dispatch-sync/cutover-turn");
  cutover.go_on();
  BOOST_TEST(cutover.process().wait() == 4, cutover.process().err());
  BOOST_TEST(cutover.process().err().find("aborted, the source takes writes again") != std::string::npos,
             cutover.process().err());
  pair.require_as_before();
}
