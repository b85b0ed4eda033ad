#pragma once

namespace tests {

/// Whether this is a build under a sanitizer (presets asan and tsan).
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

/// Under the thread sanitizer a process that was forked by one with threads cannot start any.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool kForksStartThreads = false;
#else
inline constexpr bool kForksStartThreads = true;
#endif

/// How many times longer than usual something may take before a test gives it up. Every bound on time is multiplied by it.
inline constexpr int kSlowness = kIsSanitized ? 6 : 1;

}  // namespace tests
