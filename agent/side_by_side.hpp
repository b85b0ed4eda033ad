#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stop_token>

namespace agent {

/// Does the jobs 0 … `jobs`-1 on `workers` threads, each the next one that nobody has begun, and returns when all are done or the rest was given up: when
/// stopped, or when one throws, which is thrown again here. `begin` makes what a worker has for itself, on its thread.
void side_by_side(
    std::uint32_t workers, std::size_t jobs, const std::stop_token& stop,
    const std::function<std::function<void(std::size_t job, const std::stop_token& stop)>(std::uint32_t worker)>&
        begin);

}  // namespace agent
