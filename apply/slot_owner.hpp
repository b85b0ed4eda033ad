#pragma once

#include <string>

#include "core/error.hpp"

namespace apply {

/// The process that may write under a slot's checkpoint row: the one that took it last. Everybody else who did before is locked out.
struct SlotOwner {
  std::string run;        ///< names its state directory; empty: nobody has taken the row yet
  std::string directory;  ///< what tells its state directory from copies of it
  std::string token;      ///< of this one process, random
  std::string host;
  std::string pid;
  std::string since;

  /// This process with a new token, as the agent of this run and state directory.
  [[nodiscard]] static SlotOwner this_process(std::string run, std::string directory);
};

/// The error with since when, on which host and as which process the owner has the row.
[[nodiscard]] core::Error with_owner(core::Error error, const SlotOwner& owner);

/// Error(Refused): somebody else has taken the row of `slot` away from this process. Of `owner` is said what is known; no run: the row is gone.
[[nodiscard]] core::Error taken_over(const std::string& slot, const SlotOwner& owner);

}  // namespace apply
