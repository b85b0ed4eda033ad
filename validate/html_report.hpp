#pragma once

#include <string>

#include "validate/outcome.hpp"

namespace validate {

/// The outcome as one HTML page for people and auditors: the verdict in words on top, what was compared and when, a bar per route, examples,
/// totals side by side, and what was not checked. It needs nothing but itself (no script, no font, no address) and can be printed. Keys and
/// column names are shown, never values of rows; of `reconcile:` queries, their results.
[[nodiscard]] std::string html_report(const Outcome& outcome);

}  // namespace validate
