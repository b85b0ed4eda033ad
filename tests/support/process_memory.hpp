#pragma once

#include <sys/types.h>

#include "tests/support/sanitizer.hpp"
#include "tests/support/unless.hpp"

namespace tests {

/// Resident memory of a process, in MB: now, and the most it ever had. 0 when there is no such process.
[[nodiscard]] double memory_mb(pid_t pid);
[[nodiscard]] double peak_memory_mb(pid_t pid);

/// Decorates a test of how much memory the agent takes.
inline boost::unit_test::precondition judges_memory() {
  return unless(kIsSanitized, "memory figures say nothing of the program under a sanitizer");
}

}  // namespace tests
