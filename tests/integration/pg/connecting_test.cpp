#include <dlfcn.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <stop_token>
#include <string_view>

#include "pg/session.hpp"
#include "tests/integration/pg/fixture.hpp"
#include "tests/support/loopback.hpp"

namespace {

using core::ErrorKind;
using pg::Side;
using tests::error_of;

/// A port of the loopback that takes connections and never says anything, or (not listening) takes none.
class SilentPort {
 public:
  explicit SilentPort(bool is_listening) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = tests::loopback(0);
    socklen_t length = sizeof address;
    const bool is_bound = ::bind(socket_, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                          ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
                          (!is_listening || ::listen(socket_, 4) == 0);
    if (!is_bound) throw std::runtime_error("no port on the loopback");
    port_ = std::to_string(ntohs(address.sin_port));
  }
  ~SilentPort() { ::close(socket_); }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  [[nodiscard]] const std::string& port() const { return port_; }

 private:
  int socket_;
  std::string port_;
};

core::Error connect_error(Side side, const std::string& url) {
  return error_of([&] { const pg::Session session(pg::ConnectionParams::parse(side, url), "test"); });
}

/// A server that wants passwords from one role and lets another in from nowhere.
tests::Cluster& guarded_cluster() {
  static tests::Cluster cluster{{.name = "guarded",
                                 .hba = {"host all locked_out all reject", "host all checked all scram-sha-256"},
                                 .listens_on_loopback = true}};
  static const bool has_roles = [] {
    cluster.database().exec("create role checked login password 'right-s3cret'; create role locked_out login");
    return true;
  }();
  static_cast<void>(has_roles);
  return cluster;
}

/// While this lives, looking up the name hangs.example brings no answer.
class ResolverThatHangs {
 public:
  ResolverThatHangs() { is_hanging = true; }
  ~ResolverThatHangs() {
    is_hanging = false;
    is_hanging.notify_all();
  }
  ResolverThatHangs(const ResolverThatHangs&) = delete;
  ResolverThatHangs& operator=(const ResolverThatHangs&) = delete;

  static inline std::atomic<bool> is_hanging = false;
};

BOOST_AUTO_TEST_SUITE(pg_connecting)

BOOST_AUTO_TEST_CASE(a_wrong_password_is_permanent_named_and_never_shown) {
  for (const auto& [side, kind] :
       {std::pair{Side::Source, ErrorKind::Source}, std::pair{Side::Target, ErrorKind::Target}}) {
    const core::Error error = connect_error(side, guarded_cluster().tcp_url("postgres", "checked", "wrong-s3cret"));
    BOOST_TEST_INFO(error.what());
    BOOST_TEST((error.kind() == kind));
    BOOST_TEST(error.sqlstate() == "28P01");
    BOOST_TEST(!error.is_transient());
    BOOST_TEST(error.remedy().find("password") != std::string::npos);
    BOOST_TEST(error.message().find("checked@127.0.0.1:" + std::to_string(guarded_cluster().port()) + "/postgres") !=
               std::string::npos);
    BOOST_TEST(std::string_view{error.what()}.find("s3cret") == std::string_view::npos);
  }
}

BOOST_AUTO_TEST_CASE(the_right_password_gets_in) {
  pg::Session session(
      pg::ConnectionParams::parse(Side::Target, guarded_cluster().tcp_url("postgres", "checked", "right-s3cret")),
      "test");
  BOOST_TEST(session.exec("select current_user").text(0, 0) == "checked");
}

BOOST_AUTO_TEST_CASE(a_missing_password_is_asked_for) {
  const core::Error error =
      connect_error(Side::Target, guarded_cluster().tcp_url("postgres", "checked") + "?passfile=/nonexistent");
  BOOST_TEST_INFO(error.what());
  BOOST_TEST(!error.is_transient());
  BOOST_TEST(error.remedy().find("password") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_host_that_pg_hba_refuses_says_so) {
  const core::Error error = connect_error(Side::Target, guarded_cluster().tcp_url("postgres", "locked_out"));
  BOOST_TEST_INFO(error.what());
  BOOST_TEST(error.sqlstate() == "28000");
  BOOST_TEST(!error.is_transient());
  BOOST_TEST(error.remedy().find("pg_hba.conf") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_missing_database_is_permanent) {
  const core::Error error = connect_error(Side::Source, tests::shared_cluster().tcp_url("no_such_database"));
  BOOST_TEST_INFO(error.what());
  BOOST_TEST(error.sqlstate() == "3D000");
  BOOST_TEST(!error.is_transient());
  BOOST_TEST(error.message().find("no_such_database") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_run_is_transient) {
  const SilentPort closed(false);
  const core::Error error = connect_error(Side::Source, "postgresql://me@127.0.0.1:" + closed.port() + "/db");
  BOOST_TEST_INFO(error.what());
  BOOST_TEST((error.kind() == ErrorKind::Source));
  BOOST_TEST(error.is_transient());
  BOOST_TEST(error.sqlstate() == "");
  BOOST_TEST(error.message().find("Connection refused") != std::string::npos);
  BOOST_TEST(error.message().find("127.0.0.1:" + closed.port()) != std::string::npos);
  BOOST_TEST(!error.remedy().empty());
}

BOOST_AUTO_TEST_CASE(a_host_that_never_answers_is_given_up_after_the_timeout) {
  const SilentPort silent(true);
  const auto start = std::chrono::steady_clock::now();
  const core::Error error = connect_error(
      Side::Target, "postgresql://me@127.0.0.1:" + silent.port() + "/db?connect_timeout=2&sslmode=disable");
  const auto took = std::chrono::steady_clock::now() - start;
  BOOST_TEST(error.is_transient());
  BOOST_TEST(error.message().find("no answer within 2 s") != std::string::npos);
  BOOST_TEST((took >= std::chrono::seconds(2)));
  BOOST_TEST((took < std::chrono::seconds(20)));
}

BOOST_AUTO_TEST_CASE(a_name_with_several_addresses_is_tried_at_each) {
  // localhost is ::1 first on most machines, where nothing listens.
  std::string url = tests::shared_cluster().tcp_url("postgres");
  url.replace(url.find("127.0.0.1"), 9, "localhost");
  pg::Session session(pg::ConnectionParams::parse(Side::Target, url), "test");
  BOOST_TEST(session.exec("select 1").integer(0, 0) == 1);
}

BOOST_AUTO_TEST_CASE(several_hosts_are_tried_in_turn) {
  const SilentPort closed(false);
  const std::string port = std::to_string(tests::shared_cluster().port());
  pg::Session session(pg::ConnectionParams::parse(Side::Target, "host=127.0.0.1,127.0.0.1 port=" + closed.port() + "," +
                                                                    port + " user=postgres dbname=postgres"),
                      "test");
  BOOST_TEST(session.exec("select 1").integer(0, 0) == 1);
}

BOOST_AUTO_TEST_CASE(a_host_that_never_answers_is_given_up_for_the_next) {
  const SilentPort silent(true);
  const std::string port = std::to_string(tests::shared_cluster().port());
  const std::string hosts = "host=127.0.0.1,localhost port=" + silent.port() + "," + port +
                            " user=postgres dbname=postgres sslmode=disable connect_timeout=2";
  for (const std::string wish : {"any", "primary", "read-write", "prefer-standby"}) {
    pg::Session session(pg::ConnectionParams::parse(Side::Target, hosts + " target_session_attrs=" + wish), "test");
    BOOST_TEST(session.exec("select pg_is_in_recovery()").is_true(0, 0) == false);
  }
  const core::Error error = connect_error(Side::Target, hosts + " target_session_attrs=standby");
  BOOST_TEST(error.message().find("not in hot standby mode") != std::string::npos, error.what());
  BOOST_TEST(error.is_transient());
}

BOOST_AUTO_TEST_CASE(a_password_that_one_of_several_hosts_refuses_is_told_and_not_tried_at_the_others) {
  std::string url = guarded_cluster().tcp_url("postgres", "checked", "wrong-s3cret");
  const SilentPort closed(false);
  url.replace(url.find("127.0.0.1:"), 10, "127.0.0.1:" + closed.port() + ",127.0.0.1:");
  url.replace(url.rfind("/postgres"), 9, ",127.0.0.1:" + closed.port() + "/postgres");
  const core::Error error = connect_error(Side::Target, url);
  BOOST_TEST(error.sqlstate() == "28P01", error.what());
  BOOST_TEST(!error.is_transient());
}

// reliability 14
BOOST_AUTO_TEST_CASE(a_stop_is_not_kept_waiting_by_several_hosts_that_do_not_answer_nor_by_a_name_that_is_looked_up) {
  const SilentPort silent(true);
  std::stop_source source;
  const auto stop = std::make_shared<core::StopDeadline>(source.get_token(), std::chrono::milliseconds(0));
  source.request_stop();
  const ResolverThatHangs resolver;
  for (const std::string hosts : {"127.0.0.1,127.0.0.1", "hangs.example", "hangs.example,127.0.0.1"}) {
    const auto params = pg::ConnectionParams::parse(Side::Target, "host=" + hosts + " port=" + silent.port() +
                                                                      " user=me dbname=db connect_timeout=600")
                            .with_stop(stop);
    const core::Error error = error_of([&] { const pg::Session session(params, "test"); });
    BOOST_TEST(error.message().find("the agent is stopping") != std::string::npos, error.what());
    BOOST_TEST(error.is_transient());
  }
}

BOOST_AUTO_TEST_CASE(a_name_that_is_not_looked_up_in_time_is_given_up_for_the_next_host) {
  const ResolverThatHangs resolver;
  const std::string port = std::to_string(tests::shared_cluster().port());
  const std::string rest = " user=postgres dbname=postgres connect_timeout=2 port=" + port;
  pg::Session session(pg::ConnectionParams::parse(Side::Target, "host=hangs.example,127.0.0.1" + rest), "test");
  BOOST_TEST(session.exec("select 1").integer(0, 0) == 1);
  const core::Error error = connect_error(Side::Target, "host=hangs.example" + rest);
  BOOST_TEST(error.message().find("hangs.example was not looked up within 2 s") != std::string::npos, error.what());
  BOOST_TEST(error.is_transient());
}

BOOST_AUTO_TEST_CASE(a_user_option_is_kept_beside_ours) {
  const std::string url = tests::shared_cluster().url("postgres");
  const std::string separator = url.find('?') == std::string::npos ? "?" : "&";
  pg::Session session(pg::ConnectionParams::parse(Side::Target, url + separator + "options=-c%20work_mem%3D7MB"),
                      "test");
  BOOST_TEST(session.exec("show work_mem").text(0, 0) == "7MB");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace

/// In the place of the system's, for this program and its libpq.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** list) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto system = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (node != nullptr && std::string_view(node) == "hangs.example") {
    if ((hints->ai_flags & AI_NUMERICHOST) == 0) ResolverThatHangs::is_hanging.wait(true);
    return EAI_NONAME;
  }
  return system(node, service, hints, list);
}
