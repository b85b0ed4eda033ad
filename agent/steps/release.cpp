#include "agent/steps/release.hpp"

#include <chrono>

#include "agent/control_socket.hpp"
#include "core/error.hpp"
#include "core/pause.hpp"
#include "replication/publication.hpp"
#include "replication/slot.hpp"

namespace agent::steps {

namespace {

using core::Error;
using core::ErrorKind;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kFinishLimit{30};
constexpr std::chrono::milliseconds kAnswerLimit{5000};
constexpr std::chrono::milliseconds kLook{20};

}  // namespace

cutover::Plan Release::plan() {
  return {
      {"SELECT pg_drop_replication_slot('" + site_.config.source.slot + "')", "", "nobody reads the stream any more"},
      {"DROP PUBLICATION " + site_.config.source.publication, "ACCESS EXCLUSIVE on the publication",
       "nor what it published"}};
}

json Release::run() {
  end_agent();
  fence_.require_unbroken();
  // They are what a later start would go on from.
  replication::drop_slot(site_.source, site_.config.source.slot);
  replication::drop_publication(site_.source, site_.config.source.publication);
  return json::object();
}

/// It has nothing left to do, and it holds the slot until it ends.
void Release::end_agent() {
  const auto give_up = Clock::now() + kFinishLimit;
  while (site_.is_agent_running()) {
    try {
      static_cast<void>(ask_agent(site_.config.state_dir, {{"command", "finish"}}, kAnswerLimit));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::State) throw;  // it hangs up when it is gone
    }
    if (Clock::now() >= give_up) {
      throw Error(ErrorKind::State, "the running agent does not end").remedy("stop it, then run `agent cutover` again");
    }
    if (!core::pause(kLook, site_.stop)) throw Site::interrupted();
  }
}

}  // namespace agent::steps
