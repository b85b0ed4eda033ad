#pragma once

#include "agent/options.hpp"

namespace CLI {
class App;
}

namespace agent::commands::validate {

void declare(CLI::App& app, Options& options);
int run(const Options& options);

}  // namespace agent::commands::validate
