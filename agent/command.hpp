#pragma once

#include <functional>
#include <string_view>

#include "agent/options.hpp"

namespace CLI {
class App;
}

namespace agent {

/// One subcommand of the program: a line in the table of cli.cpp, and a file commands/<name>.
struct Command {
  std::string_view name;
  std::string_view summary;                                      ///< one line for --help
  std::function<void(CLI::App& app, Options& options)> declare;  ///< adds its options, arguments and actions
  std::function<int(const Options& options)> run;                ///< returns the exit code; throws core::Error
};

}  // namespace agent
