#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cutover {

/// The steps of a cutover, in their order. The point of no return is the begin of `Release`: before it everything can be taken back
/// exactly, after it the cutover only goes on.
enum class Step : std::uint8_t {
  Check,     ///< preconditions; nothing is changed
  Fence,     ///< nobody writes to the source any more
  Drain,     ///< everything that was written before is on the target
  Validate,  ///< and it is equal
  Settle,    ///< sequences and statistics of the target
  Release,   ///< publication and slot are removed from the source
  Report,    ///< what it was and how long it took
};

inline constexpr std::array kSteps = {Step::Check,  Step::Fence,   Step::Drain, Step::Validate,
                                      Step::Settle, Step::Release, Step::Report};

/// The first step after which the sync cannot go on from where it stood.
inline constexpr Step kPointOfNoReturn = Step::Release;

/// As the ledger and all texts name it.
[[nodiscard]] std::string_view to_string(Step step);
[[nodiscard]] std::optional<Step> step_of(std::string_view name);
/// What it does, as a phrase for people.
[[nodiscard]] std::string_view summary_of(Step step);

}  // namespace cutover
