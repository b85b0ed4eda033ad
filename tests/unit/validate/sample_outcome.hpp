#pragma once

#include "validate/outcome.hpp"

namespace tests {

/// Two routes, compared whole and equal.
[[nodiscard]] validate::Outcome equal_outcome();
/// Three routes with something of every kind, and hostile texts where a database may have some.
[[nodiscard]] validate::Outcome different_outcome();

}  // namespace tests
