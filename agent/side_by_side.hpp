#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

namespace agent {

/// Does one of the jobs, with what its worker has for itself; cut short when stopped.
using SideJob = std::function<void(std::size_t job, const std::stop_token& stop)>;
/// Makes what a worker has for itself, on its thread.
using SideWorker = std::function<SideJob(std::uint32_t worker)>;

/// Does the jobs 0 … `jobs`-1 on `workers` threads, each the next one that nobody has begun, and returns when all are done or the rest was given up: when
/// stopped, or when one throws, which is thrown again here.
void side_by_side(std::uint32_t workers, std::size_t jobs, const std::stop_token& stop, const SideWorker& begin);

/// Workers that read in an exported snapshot and bear the loss of a connection, be it while it is made: the job is begun again on what
/// `begin` makes anew, some times and with pauses. Not when the snapshot itself is gone. `what` names a job in the log: `a part of the comparison`.
[[nodiscard]] SideWorker begun_again_when_lost(std::string what, SideWorker begin);

}  // namespace agent
