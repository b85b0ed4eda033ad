#pragma once

#include "agent/options.hpp"

namespace CLI {
class App;
}

namespace agent::commands::repair {

void declare(CLI::App& app, Options& options);
int run(const Options& options);

}  // namespace agent::commands::repair
