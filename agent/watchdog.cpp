#include "agent/watchdog.hpp"

#include <utility>

namespace agent {

std::vector<std::string> Watchdog::silent(const std::vector<core::ThreadPulse>& pulses, Clock::time_point now) {
  std::vector<std::string> names;
  std::map<std::string, Seen> seen;
  for (const core::ThreadPulse& pulse : pulses) {
    const auto before = seen_.find(pulse.name);
    const bool has_come_on = before == seen_.end() || before->second.beats != pulse.beats || pulse.is_excused;
    const Seen is{pulse.beats, has_come_on ? now : before->second.came_on};
    if (now - is.came_on >= patience_) names.push_back(pulse.name);
    seen.insert_or_assign(pulse.name, is);
  }
  seen_ = std::move(seen);
  return names;
}

}  // namespace agent
