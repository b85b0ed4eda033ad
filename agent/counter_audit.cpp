#include "agent/counter_audit.hpp"

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include "agent/control_socket.hpp"
#include "core/error.hpp"
#include "state/census.hpp"

namespace agent {

namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;
using validate::CounterOutcome;

// Others wait for their answers meanwhile.
constexpr std::chrono::milliseconds kCountPatience{100};
constexpr std::chrono::minutes kCountLimit{10};
// For an agent that is just starting, or ending.
constexpr std::chrono::seconds kMostCountTime{30};
constexpr std::chrono::milliseconds kCountPause{200};

std::vector<CounterOutcome> wrong(const mapping::Plan& plan, state::Census& census, const std::stop_token& stop) {
  const std::vector<core::RouteCounters> counted = census.count(stop);
  std::vector<CounterOutcome> outcomes;
  if (stop.stop_requested()) return outcomes;
  for (std::size_t route = 0; route < plan.routes.size(); ++route) {
    if (census.recorded()[route] == counted[route]) continue;
    outcomes.push_back(
        {.route = plan.routes[route].name, .recorded = census.recorded()[route], .counted = counted[route]});
  }
  return outcomes;
}

json to_json(const core::RouteCounters& counters) {
  return json::array({counters.read, counters.applied, counters.filtered, counters.parked, counters.quarantined});
}

core::RouteCounters counters_of(const json& counters) {
  return {.read = counters.at(0).get<std::int64_t>(),
          .applied = counters.at(1).get<std::int64_t>(),
          .filtered = counters.at(2).get<std::int64_t>(),
          .parked = counters.at(3).get<std::int64_t>(),
          .quarantined = counters.at(4).get<std::int64_t>()};
}

json to_json(const std::vector<CounterOutcome>& outcomes) {
  json lines = json::array();
  for (const CounterOutcome& one : outcomes)
    lines.push_back({{"route", one.route}, {"recorded", to_json(one.recorded)}, {"counted", to_json(one.counted)}});
  return {{"wrong", std::move(lines)}};
}

std::vector<CounterOutcome> outcomes_of(const json& answer) {
  std::vector<CounterOutcome> outcomes;
  for (const json& line : answer.at("wrong")) {
    outcomes.push_back({.route = line.at("route").get<std::string>(),
                        .recorded = counters_of(line.at("recorded")),
                        .counted = counters_of(line.at("counted"))});
  }
  return outcomes;
}

}  // namespace

std::optional<json> CounterAudit::answer(Interlude& interlude, const json& question) {
  if (question_ != question) {
    if (!interlude.answer(question, [this](apply::Applier&) {
          begin();
          return json{};
        }))
      return std::nullopt;
    question_ = question;
  }
  if (counting_.wait_for(kCountPatience) != std::future_status::ready) return std::nullopt;
  question_ = {};
  return counting_.get();
}

/// Between two batches: what an earlier asker left uncounted is given up.
void CounterAudit::begin() {
  const auto census = std::make_shared<state::Census>(store_);
  std::packaged_task<json(const std::stop_token&)> count(
      [this, census](const std::stop_token& stop) { return to_json(wrong(plan_, *census, stop)); });
  counting_ = count.get_future();
  counter_ = std::jthread([count = std::move(count)](const std::stop_token& stop) mutable { count(stop); });
}

std::vector<CounterOutcome> wrong_counters(const Environment& environment) {
  const auto give_up = Clock::now() + kMostCountTime;
  const json question = {
      {"command", "audit"},
      {"asker", std::to_string(getpid()) + "/" + std::to_string(Clock::now().time_since_epoch().count())}};
  for (;;) {
    try {
      if (const auto answer = ask_agent(environment.config.state_dir, question, kCountLimit))
        return outcomes_of(*answer);
      const auto store = open_store_to_look(environment);
      if (!store) return {};
      state::Census census{*store};
      return wrong(environment.plan, census, {});
    } catch (const core::Error& error) {
      if (error.kind() != core::ErrorKind::State || Clock::now() > give_up) throw;
    }
    std::this_thread::sleep_for(kCountPause);
  }
}

}  // namespace agent
