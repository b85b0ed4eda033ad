#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace docs {

/// A command of a page, as its reader finds it in a block that is fenced as `console`:
///
///   $ agent check
///   check: 0 errors, … warnings
///
/// A line with `$ ` is a command; what follows is what it prints, as far as the page shows it: `…` stands for anything within a line, and a line of
/// its own for any lines. Nothing there: anything may be printed. Lines with `# ` are for root on a machine that they may change, and are left out here:
/// those that need the package installed (scripts/test-package runs them), and the scripts, which take minutes (see scripts_of()).
struct Command {
  int line = 0;  ///< of the page, from 1
  std::string text;
  std::vector<std::string> output;
  int exit_code =
      0;  ///< another one when the command ends with a comment: `# exit code 1`, `# for scripts: exit code 1`
};

/// A script that a page speaks of anywhere, with the long options that it gives it: `scripts/demo --scale 1`.
struct Script {
  int line = 0;  ///< of the page, from 1
  std::string name;
  std::vector<std::string> options;
};

// Both throw std::runtime_error when the page cannot be read.
[[nodiscard]] std::vector<Script> scripts_of(const std::filesystem::path& page);
[[nodiscard]] std::vector<Command> commands_of(const std::filesystem::path& page);

/// Whether this is what the page says.
[[nodiscard]] bool matches(const std::vector<std::string>& expected, const std::string& printed);

}  // namespace docs
