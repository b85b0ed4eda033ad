#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cutover {

/// The steps of a cutover, in their order.
enum class Step : std::uint8_t {
  Check,     ///< preconditions; nothing is changed
  Fence,     ///< nobody writes to the source any more
  Drain,     ///< everything that was written before is on the target
  Validate,  ///< and it is equal
  Settle,    ///< sequences and statistics of the target
  Mappings,  ///< the id map becomes a plain table
  Cleanup,   ///< the columns that the mapping lists are dropped
  Release,   ///< publication and slot are removed from the source
  Report,    ///< what it was and how long it took
};

inline constexpr std::array kSteps = {Step::Check,    Step::Fence,   Step::Drain,   Step::Validate, Step::Settle,
                                      Step::Mappings, Step::Cleanup, Step::Release, Step::Report};

/// Until this step begins everything can be taken back exactly, and the sync goes on from where it stood. From then on the cutover only goes on: a
/// dropped column does come back, but as the last one of its table and by writing every row of it, and a dropped slot does not.
inline constexpr Step kPointOfNoReturn = Step::Cleanup;

/// As the ledger and all texts name it.
[[nodiscard]] std::string_view to_string(Step step);
[[nodiscard]] std::optional<Step> step_of(std::string_view name);
/// What it does, as a phrase for people.
[[nodiscard]] std::string_view summary_of(Step step);

}  // namespace cutover
