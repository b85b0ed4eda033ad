#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cutover/journal.hpp"

namespace agent {

/// What a finished cutover came to, of what its steps wrote down: how long nobody could write, and how much of that was the validation.
/// For the run's own detail. `target` lends its clock's arithmetic.
[[nodiscard]] nlohmann::json sum_up(const cutover::Run& run, pg::Session& target);

/// Prints it. `is_new`: this very command finished it.
void print_result(const cutover::Run& run, bool is_new, bool as_json);

}  // namespace agent
