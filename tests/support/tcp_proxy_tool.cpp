// A TcpProxy for shell scripts: prints the port that it listens on, then takes one command per line from stdin and answers each with
// "ok", with the counts, or with "error: …". It ends with its input.

#include <cstdint>
#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "tests/support/tcp_proxy.hpp"

namespace {

constexpr const char* kHelp =
    "usage: test_tcp_proxy_tool LISTEN_PORT TARGET_HOST TARGET_PORT [SEED]\n"
    "LISTEN_PORT 0: a free one. TARGET_HOST: an IPv4 address, localhost, or the directory of a unix socket.\n"
    "Commands on stdin (NAME: only connections whose start-up packet holds it, e.g. dispatch-sync/stream):\n"
    "  cut [NAME]            RST to both sides\n"
    "  hold [NAME]           what the server sends waits until release\n"
    "  hold-requests [NAME]  what the clients send waits until release\n"
    "  drop [NAME]           what the server sends is lost until release\n"
    "  swallow [NAME]        nothing passes, nobody is told; the kernels still answer\n"
    "  vanish [NAME]         the same, and packets stay unacknowledged\n"
    "  release               ends all of these, and refuse\n"
    "  refuse                new connections are reset\n"
    "  throttle N            bytes per second, each way; 0 ends it\n"
    "  delay MS [JITTER]     every byte comes so much later; 0 ends it\n"
    "  flap MS               cuts everything every MS ms; 0 ends it\n"
    "  trap PATTERN          the next reply to a request with PATTERN is lost with its connection\n"
    "  heal                  everything as in the beginning\n"
    "  counts                accepted=… open=… cut=… sprung=… to_server=… to_client=…\n";

std::int64_t number(std::istringstream& words) {
  std::int64_t value = 0;
  if (!(words >> value) || value < 0) throw std::invalid_argument("a number that is not negative is missing");
  return value;
}

std::string obey(tests::TcpProxy& proxy, const std::string& line) {
  using std::chrono::milliseconds;
  std::istringstream words(line);
  std::string verb;
  words >> verb;
  if (verb == "throttle") {
    proxy.set_throttle(static_cast<std::size_t>(number(words)));
  } else if (verb == "delay") {
    const milliseconds delay(number(words));
    std::int64_t jitter = 0;
    words >> jitter;
    proxy.set_delay(delay, milliseconds(jitter));
  } else if (verb == "flap") {
    proxy.set_flapping(milliseconds(number(words)));
  } else if (verb == "heal") {
    proxy.set_throttle(0);
    proxy.set_delay(milliseconds(0));
    proxy.set_flapping(milliseconds(0));
    proxy.clear_traps();
    proxy.release();
  } else if (verb == "release") {
    proxy.release();
  } else if (verb == "refuse") {
    proxy.set_newcomers(tests::Newcomers::Refused);
  } else if (verb == "counts") {
    const tests::ProxyCounts counts = proxy.counts();
    std::ostringstream text;
    text << "accepted=" << counts.accepted << " open=" << counts.open << " cut=" << counts.cut
         << " sprung=" << counts.sprung << " to_server=" << counts.to_server << " to_client=" << counts.to_client;
    return text.str();
  } else {
    std::string name;
    std::getline(words >> std::ws, name);
    if (verb == "cut") {
      proxy.cut(name);
    } else if (verb == "hold") {
      proxy.hold(tests::Direction::ToClient, name);
    } else if (verb == "hold-requests") {
      proxy.hold(tests::Direction::ToServer, name);
    } else if (verb == "drop") {
      proxy.lose(tests::Direction::ToClient, name);
    } else if (verb == "swallow") {
      proxy.freeze(name);
    } else if (verb == "vanish") {
      proxy.vanish(name);
    } else if (verb == "trap") {
      proxy.set_trap({.pattern = name, .action = tests::TrapAction::CutAtReply});
    } else {
      throw std::invalid_argument("unknown command " + verb);
    }
  }
  return "ok";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || argc > 5) {
    std::cerr << kHelp;
    return 2;
  }
  try {
    tests::TcpProxy proxy({.host = argv[2], .port = static_cast<std::uint16_t>(std::stoul(argv[3]))},
                          static_cast<std::uint16_t>(std::stoul(argv[1])), argc == 5 ? std::stoull(argv[4]) : 1);
    std::cout << proxy.port() << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
      try {
        std::cout << obey(proxy, line) << std::endl;
      } catch (const std::exception& e) {
        std::cout << "error: " << e.what() << std::endl;
      }
    }
  } catch (const std::exception& e) {
    std::cerr << "test_tcp_proxy_tool: " << e.what() << '\n';
    return 1;
  }
}
