#include "agent/control_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>

#include "agent/unix_socket.hpp"
#include "core/error.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using agent::ControlServer;
using nlohmann::json;
using namespace std::chrono_literals;

std::map<std::string, ControlServer::Handler> handlers() {
  return {{"echo",
           [](const json& request) {
             return json{{"text", request.at("text")}};
           }},
          {"refuse",
           [](const json&) -> json {
             throw core::Error(core::ErrorKind::Refused, "not now").remedy("later").sqlstate("42501");
           }},
          {"break", [](const json&) -> json { throw std::runtime_error("oops"); }}};
}

/// Everything that the other end sends until it hangs up or is silent for long.
std::string drain(const agent::FileDescriptor& connection) {
  std::string received;
  while (true) {
    pollfd polled{connection.get(), POLLIN, 0};
    if (poll(&polled, 1, 10000) <= 0) return received;
    char buffer[4096];
    const ssize_t count = recv(connection.get(), buffer, sizeof buffer, 0);
    if (count <= 0) return received;
    received.append(buffer, static_cast<std::size_t>(count));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(control_socket)

BOOST_AUTO_TEST_CASE(a_request_is_answered_by_its_handler) {
  const tests::TempDir directory("control");
  const ControlServer server(agent::control_socket_path(directory.path()), handlers());
  const auto answer = agent::ask_agent(directory.path(), {{"command", "echo"}, {"text", "grüße\n"}}, 5s);
  BOOST_REQUIRE(answer.has_value());
  BOOST_TEST(answer->at("text").get<std::string>() == "grüße\n");
}

BOOST_AUTO_TEST_CASE(large_answers_and_requests_come_whole) {
  const tests::TempDir directory("control");
  const ControlServer server(agent::control_socket_path(directory.path()), handlers());
  const std::string large(900000, 'x');
  BOOST_TEST(
      agent::ask_agent(directory.path(), {{"command", "echo"}, {"text", large}}, 10s)->at("text").get<std::string>() ==
      large);
}

BOOST_AUTO_TEST_CASE(errors_of_a_handler_arrive_as_they_were_thrown) {
  const tests::TempDir directory("control");
  const ControlServer server(agent::control_socket_path(directory.path()), handlers());
  BOOST_CHECK_EXCEPTION(agent::ask_agent(directory.path(), {{"command", "refuse"}}, 5s), core::Error,
                        [](const core::Error& error) {
                          return error.kind() == core::ErrorKind::Refused && error.message() == "not now" &&
                                 error.remedy() == "later" && error.sqlstate() == "42501";
                        });
  BOOST_CHECK_EXCEPTION(agent::ask_agent(directory.path(), {{"command", "break"}}, 5s), core::Error,
                        [](const core::Error& error) { return error.kind() == core::ErrorKind::Bug; });
  BOOST_CHECK_EXCEPTION(agent::ask_agent(directory.path(), {{"command", "unknown"}}, 5s), core::Error,
                        [](const core::Error& error) { return error.kind() == core::ErrorKind::Usage; });
  BOOST_CHECK_THROW(agent::ask_agent(directory.path(), {{"no", "command"}}, 5s), core::Error);
  BOOST_TEST(agent::ask_agent(directory.path(), {{"command", "echo"}, {"text", ""}}, 5s).has_value());
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_not_there_yet_is_asked_for_again_and_others_come_in_between) {
  const tests::TempDir directory("control");
  int asked = 0;
  auto all = handlers();
  all["slow"] = [&](const json&) { return ++asked < 3 ? std::nullopt : std::optional<json>(asked); };
  all["never"] = [](const json&) { return std::optional<json>(); };
  const ControlServer server(agent::control_socket_path(directory.path()), all);
  BOOST_TEST(agent::ask_agent(directory.path(), {{"command", "slow"}}, 30s)->get<int>() == 3);
  BOOST_CHECK_EXCEPTION(agent::ask_agent(directory.path(), {{"command", "never"}}, 50ms), core::Error,
                        [&](const core::Error& error) {
                          return error.kind() == core::ErrorKind::State &&
                                 error.message().find("did not come to it") != std::string::npos;
                        });
  std::jthread waiting([&] {
    try {
      static_cast<void>(agent::ask_agent(directory.path(), {{"command", "never"}}, 200ms));
    } catch (const core::Error&) {
      // As above.
    }
  });
  BOOST_TEST(agent::ask_agent(directory.path(), {{"command", "echo"}, {"text", "x"}}, 5s).has_value());
}

BOOST_AUTO_TEST_CASE(without_an_agent_there_is_no_answer) {
  const tests::TempDir directory("control");
  BOOST_TEST(!agent::ask_agent(directory.path(), {{"command", "echo"}}, 1s).has_value());
  BOOST_TEST(!agent::ask_agent(directory.path() / "missing", {{"command", "echo"}}, 1s).has_value());
  { const ControlServer server(agent::control_socket_path(directory.path()), handlers()); }
  BOOST_TEST(!std::filesystem::exists(agent::control_socket_path(directory.path())));
  // A dead agent's socket: the file is there, nobody listens.
  { const agent::FileDescriptor dead = agent::listen_at(agent::control_socket_path(directory.path())); }
  BOOST_TEST(std::filesystem::exists(agent::control_socket_path(directory.path())));
  BOOST_TEST(!agent::ask_agent(directory.path(), {{"command", "echo"}}, 1s).has_value());
  const ControlServer server(agent::control_socket_path(directory.path()), handlers());
  BOOST_TEST(agent::ask_agent(directory.path(), {{"command", "echo"}, {"text", "x"}}, 5s).has_value());
}

BOOST_AUTO_TEST_CASE(a_hung_agent_is_an_error_and_not_a_wait_without_end) {
  const tests::TempDir directory("control");
  const agent::FileDescriptor hung = agent::listen_at(agent::control_socket_path(directory.path()));
  BOOST_CHECK_EXCEPTION(
      agent::ask_agent(directory.path(), {{"command", "echo"}}, 100ms), core::Error, [](const core::Error& error) {
        return error.kind() == core::ErrorKind::State && error.message().find("does not answer") != std::string::npos;
      });
}

BOOST_AUTO_TEST_CASE(a_request_without_end_is_refused_and_others_are_served) {
  const tests::TempDir directory("control");
  const ControlServer server(agent::control_socket_path(directory.path()), handlers(), {.request_bytes = 1000});
  const agent::FileDescriptor flood = agent::connect_to(agent::control_socket_path(directory.path()));
  const std::string bytes(3000, 'x');
  BOOST_REQUIRE(send(flood.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == 3000);
  BOOST_TEST(drain(flood).find("too large") != std::string::npos);
  BOOST_TEST(agent::ask_agent(directory.path(), {{"command", "echo"}, {"text", "x"}}, 5s).has_value());
}

BOOST_AUTO_TEST_CASE(silent_clients_are_dropped_and_do_not_keep_others_out) {
  const tests::TempDir directory("control");
  const ControlServer server(agent::control_socket_path(directory.path()), handlers(), {.clients = 1, .idle = 50ms});
  const agent::FileDescriptor silent = agent::connect_to(agent::control_socket_path(directory.path()));
  BOOST_TEST(agent::ask_agent(directory.path(), {{"command", "echo"}, {"text", "x"}}, 5s).has_value());
  BOOST_TEST(drain(silent).empty());
}

BOOST_AUTO_TEST_CASE(paths_longer_than_a_socket_address_work_and_belong_to_this_user) {
  const tests::TempDir directory("control");
  const std::filesystem::path deep = directory.path() / std::string(100, 'd') / std::string(100, 'e');
  std::filesystem::create_directories(deep);
  const ControlServer server(agent::control_socket_path(deep), handlers());
  struct stat status {};
  BOOST_REQUIRE(stat(agent::control_socket_path(deep).c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 0777U) == 0600U);
  BOOST_TEST(agent::ask_agent(deep, {{"command", "echo"}, {"text", "x"}}, 5s).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
