#pragma once

#include <cstdint>

namespace tests {

/// The seed of everything random in this run: the environment variable TEST_SEED, or a fixed number, so that two runs
/// do the same. A test program that asked for it prints it with every failed test. Throws std::invalid_argument if
/// TEST_SEED is no number.
[[nodiscard]] std::uint64_t seed();

/// True once seed() has been called in this process.
[[nodiscard]] bool is_seed_used();

}  // namespace tests
