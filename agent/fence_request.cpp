#include "agent/fence_request.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "agent/control_socket.hpp"
#include "core/error.hpp"

namespace agent {

namespace {

using nlohmann::json;

const char* name_of(Fence::State state) {
  switch (state) {
    case Fence::State::Gone: return "gone";
    case Fence::State::Going: return "going";
    case Fence::State::Standing: return "standing";
  }
  return "gone";
}

}  // namespace

json answer_fence(Fence& fence, const json& request) {
  const std::string action = request.value("action", "");
  const std::string holder = request.value("holder", "");
  const auto lsn = core::Lsn::parse(request.value("lsn", "0/0"));
  if (holder.empty() || !lsn) throw core::Error(core::ErrorKind::Usage, "a fence needs a holder and a position");
  if (action == "hold") return {{"is", fence.hold(holder)}};
  if (action == "let_go_to") return {{"is", fence.let_go_to(holder, *lsn)}};
  if (action == "release") return {{"is", fence.release(holder)}};
  if (action == "state") return {{"state", name_of(fence.state(holder))}};
  throw core::Error(core::ErrorKind::Usage, "a fence knows no such action");
}

json RemoteFence::ask(const char* action, core::Lsn limit) const {
  auto answer = ask_agent(state_dir_,
                          {{"command", "fence"}, {"action", action}, {"holder", holder_}, {"lsn", limit.to_string()}});
  if (answer) return std::move(*answer);
  throw core::Error(core::ErrorKind::State, "the running agent is gone")
      .with("state_dir", state_dir_.string())
      .remedy("start it again, or validate without one")
      .transient();
}

bool RemoteFence::hold() const { return ask("hold").value("is", false); }
bool RemoteFence::let_go_to(core::Lsn limit) const { return ask("let_go_to", limit).value("is", false); }
bool RemoteFence::release() const { return ask("release").value("is", false); }

Fence::State RemoteFence::state() const {
  const std::string name = ask("state").value("state", "gone");
  for (const Fence::State state : {Fence::State::Going, Fence::State::Standing}) {
    if (name == name_of(state)) return state;
  }
  return Fence::State::Gone;
}

}  // namespace agent
