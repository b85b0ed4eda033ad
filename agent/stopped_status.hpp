#pragma once

#include "agent/config.hpp"
#include "agent/status_report.hpp"
#include "pg/session.hpp"

namespace agent {

/// The status while no agent runs: positions from both databases, counters from the state directory (zeros when there is none).
/// Throws Error(Source), Error(Target), Error(Mapping), and Error(State) when an agent holds the directory after all.
[[nodiscard]] StatusReport read_stopped_status(const Config& config);

/// What only the source can say: how far its log is, and how the slot fares. Throws what exec throws.
void fill_source_side(StatusReport& report, pg::Session& source, const std::string& slot);

}  // namespace agent
