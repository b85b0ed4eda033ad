#include "tests/property/agent_driver.hpp"

#include <fstream>

#include "tests/support/agent_binary.hpp"

namespace tests {

AgentDriver::AgentDriver(const ReplicatedPair& pair, const std::string& mapping, const AgentSettings& settings)
    : directory_("agent") {
  const auto write = [&](const char* name, const std::string& text) {
    std::ofstream file(directory_.path() / name);
    file << text;
    if (!file.flush()) throw std::runtime_error(std::string("cannot write ") + name);
  };
  write("mapping.yaml", mapping);
  write("agent.yaml", "source: { url: \"" + pair.agent_source_url() + "\" }\ntarget: { url: \"" +
                          pair.agent_target_url() +
                          "\" }\nmapping: mapping.yaml\nstate_dir: " + (directory_.path() / "state").string() +
                          "\napply: { batch_rows: " + std::to_string(settings.batch_rows) +
                          ", memory_mb: " + std::to_string(settings.memory_mb) +
                          ", max_quarantine: 100% }\nsnapshot: { workers: " + std::to_string(settings.workers) +
                          ", chunk_rows: " + std::to_string(settings.chunk_rows) + " }\nhttp: { listen: off }\n");
}

std::unique_ptr<Process> AgentDriver::start(const std::vector<std::string>& command) const {
  ProcessOptions options{.program = agent_binary(), .args = {"--config", (directory_.path() / "agent.yaml").string()}};
  options.args.insert(options.args.end(), command.begin(), command.end());
  options.unset = {"LEGACY_DATABASE_URL", "SUPABASE_DB_URL", "STATE_DIRECTORY"};
  return std::make_unique<Process>(std::move(options));
}

std::string AgentDriver::run(const std::vector<std::string>& command) const {
  const auto process = start(command);
  const int code = process->wait(std::chrono::seconds(120));
  if (code != 0)
    throw std::runtime_error("agent " + command.front() + " ended with " + std::to_string(code) + ":\n" +
                             process->out() + process->err());
  return process->out();
}

}  // namespace tests
