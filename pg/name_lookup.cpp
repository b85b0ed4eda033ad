#include "pg/name_lookup.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "pg/connecting.hpp"

namespace pg {

namespace {

using Clock = std::chrono::steady_clock;

std::pair<int, std::vector<std::string>> resolve(const std::string& host, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* list = nullptr;
  if (const int failure = getaddrinfo(host.c_str(), nullptr, &hints, &list); failure != 0) return {failure, {}};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> guard{list, &freeaddrinfo};
  std::vector<std::string> found;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) {
      found.emplace_back(text.data());
    }
  }
  return {0, std::move(found)};
}

NameLookup look_up_now(const std::string& host) {
  auto [failure, addresses] = resolve(host, 0);
  if (failure == 0) return {std::move(addresses), {}};
  return {{}, "the name " + host + " leads to no address: " + gai_strerror(failure)};
}

}  // namespace

bool is_address(const std::string& host) { return resolve(host, AI_NUMERICHOST).first == 0; }

NameLookup look_up(const ConnectionParams& params, const std::string& host, std::optional<std::chrono::seconds> limit) {
  std::packaged_task<NameLookup()> task([host] { return look_up_now(host); });
  std::future<NameLookup> answer = task.get_future();
  std::thread(std::move(task)).detach();
  const auto give_up = Clock::now() + limit.value_or(std::chrono::hours{24});
  while (answer.wait_for(kStopTick) != std::future_status::ready) {
    if (params.is_stop_over()) throw stopped(params);
    if (Clock::now() >= give_up) {
      return {{}, "the name " + host + " was not looked up within " + std::to_string(limit->count()) + " s"};
    }
  }
  return answer.get();
}

}  // namespace pg
