#pragma once

#include <cstdint>

#include "state/store_impl.hpp"

/// Internal to state/.
namespace state {

/// Whether the counters in memory know of the changes that are taken back: at an open they were read with them.
enum class CountersKnow : bool { No, Yes };

/// Takes back what the undo log names above this generation, latest first, in bounded batches: each restores rows and forgets their
/// records, so that a crash or a failure in between leaves the rest to be taken back by the next call.
void roll_back(Store::Impl& inside, std::uint64_t generation, CountersKnow counters);

}  // namespace state
