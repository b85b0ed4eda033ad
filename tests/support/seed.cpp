#include "tests/support/seed.hpp"

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace tests {

namespace {

constexpr std::uint64_t kDefaultSeed = 20240229;  // any number will do; this one is a date that dates get wrong
std::atomic<bool> is_used = false;

}  // namespace

std::uint64_t seed() {
  is_used = true;
  const char* text = std::getenv("TEST_SEED");
  if (text == nullptr) {
    return kDefaultSeed;
  }
  std::size_t end = 0;
  const std::uint64_t value = std::stoull(text, &end);
  if (text[end] != '\0') {
    throw std::invalid_argument("TEST_SEED is not a number");
  }
  return value;
}

bool is_seed_used() { return is_used; }

}  // namespace tests
