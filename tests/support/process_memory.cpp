#include "tests/support/process_memory.hpp"

#include <fstream>
#include <string>

namespace tests {

namespace {

double read_mb(pid_t pid, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    if (word != name) continue;
    double kilobytes = 0;
    status >> kilobytes;
    return kilobytes / 1000;
  }
  return 0;
}

}  // namespace

double memory_mb(pid_t pid) { return read_mb(pid, "VmRSS:"); }
double peak_memory_mb(pid_t pid) { return read_mb(pid, "VmHWM:"); }

}  // namespace tests
