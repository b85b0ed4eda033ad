#pragma once

#include "agent/options.hpp"

namespace CLI {
class App;
}

/// `agent cleanup`: see agent::Command for what the two functions do.
namespace agent::commands::cleanup {

void declare(CLI::App& app, Options& options);
[[nodiscard]] int run(const Options& options);

}  // namespace agent::commands::cleanup
