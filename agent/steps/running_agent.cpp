#include "agent/steps/running_agent.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "agent/control_socket.hpp"
#include "core/error.hpp"
#include "core/pause.hpp"

namespace agent::steps {

namespace {

using core::Error;
using core::ErrorKind;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kFinishLimit{30};
constexpr std::chrono::milliseconds kEndLook{20};

}  // namespace

bool is_agent_running(const Site& site) {
  try {
    return ask_agent(site.config.state_dir, {{"command", "status"}}).has_value();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::State) throw;
    return true;  // it hangs up when it is going, and does not answer when it is stuck: it is there
  }
}

void end_running_agent(const Site& site) {
  const auto give_up = Clock::now() + kFinishLimit;
  while (is_agent_running(site)) {
    try {
      static_cast<void>(ask_agent(site.config.state_dir, {{"command", "finish"}}));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::State) throw;  // the same
    }
    if (Clock::now() >= give_up) {
      throw Error(ErrorKind::State, "the running agent does not end")
          .remedy("stop it, then run the same command again: it goes on");
    }
    if (!core::pause(kEndLook, site.stop)) throw Site::interrupted();
  }
}

}  // namespace agent::steps
