#include "tests/support/agent_binary.hpp"

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace tests {

std::filesystem::path agent_binary() {
  const char* chosen = std::getenv("AGENT_BINARY");
  std::filesystem::path path = chosen != nullptr && *chosen != '\0' ? chosen : DISPATCH_BINARY_DIR "/agent";
  if (access(path.c_str(), X_OK) == -1) {
    throw std::runtime_error("no agent at " + path.string() + ": build it, or name it in AGENT_BINARY");
  }
  return path;
}

}  // namespace tests
