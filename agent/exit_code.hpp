#pragma once

#include "core/error.hpp"

namespace agent {

/// How the program ends: a promise to scripts and to systemd (docs/operations.md). Nothing else decides exit codes.
enum class ExitCode : int {
  Done = 0,        ///< done; nothing wrong found
  Found = 1,       ///< differences or problems were found
  Wrong = 2,       ///< wrong usage, configuration or mapping
  Source = 3,      ///< the source cannot be reached or used
  Target = 4,      ///< the target cannot be reached or used
  State = 5,       ///< the state directory or the slot is in use, damaged, or of another pair of databases
  Refused = 6,     ///< going on would lose or damage data
  Incomplete = 7,  ///< stopped before it was finished; what was checked is equal
};

[[nodiscard]] constexpr int to_int(ExitCode code) { return static_cast<int>(code); }

/// The code with which an error ends the program. InDoubt counts as Target: it ends a run only when the target could not be asked again.
[[nodiscard]] constexpr ExitCode exit_code(core::ErrorKind kind) {
  switch (kind) {
    case core::ErrorKind::Usage:
    case core::ErrorKind::Config:
    case core::ErrorKind::Mapping: return ExitCode::Wrong;
    case core::ErrorKind::Source:
    case core::ErrorKind::Protocol: return ExitCode::Source;
    case core::ErrorKind::Target:
    case core::ErrorKind::InDoubt: return ExitCode::Target;
    case core::ErrorKind::State: return ExitCode::State;
    case core::ErrorKind::Data:
    case core::ErrorKind::Refused:
    case core::ErrorKind::Bug: return ExitCode::Refused;
  }
  return ExitCode::Refused;
}

}  // namespace agent
