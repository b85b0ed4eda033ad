#pragma once

#include <optional>

#include "agent/command.hpp"
#include "agent/options.hpp"

namespace agent {

/// What the command line asks for.
struct Invocation {
  Options options;
  const Command* command = nullptr;  ///< null when --help or --version has answered already: exit with 0
};

/// Parses the command line; prints what --help and --version ask for to stdout, and what `--generate man|bash|zsh|fish` asks for, which only
/// those who make a package need. Throws Error(Usage).
[[nodiscard]] Invocation parse_command_line(int argc, const char* const* argv);

}  // namespace agent
