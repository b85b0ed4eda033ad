#include "tests/support/agent_under_test.hpp"

#include <csignal>
#include <fstream>
#include <stdexcept>

#include "tests/support/agent_binary.hpp"
#include "tests/support/sql.hpp"
#include "tests/support/wait.hpp"

namespace tests {

namespace {

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) {
    throw std::runtime_error("cannot write " + path.string());
  }
}

}  // namespace

AgentUnderTest::AgentUnderTest(AgentOptions options) : options_(std::move(options)), directory_("agent") {
  configure();
}

AgentUnderTest::~AgentUnderTest() = default;

void AgentUnderTest::configure() const {
  write_file(mapping_file(), options_.mapping);
  write_file(
      config_file(),
      "source:\n  url: " + options_.source_url + "\n  slot: " + options_.slot +
          "\n  publication: " + options_.publication + "\ntarget:\n  url: " + options_.target_url +
          "\nmapping: mapping.yaml\nstate_dir: state\napply: { batch_rows: " + std::to_string(options_.batch_rows) +
          ", max_quarantine: " + options_.max_quarantine + ", memory_mb: " + std::to_string(options_.memory_mb) +
          " }\nsnapshot: { workers: " + std::to_string(options_.workers) + ", chunk_rows: " +
          std::to_string(options_.chunk_rows) + " }\nhttp: { listen: \"off\" }\nlog: { level: info, format: text }\n" +
          (options_.cutover.empty() ? "" : "cutover: " + options_.cutover + "\n"));
}

ProcessOptions AgentUnderTest::process_options(std::vector<std::string> args, const Environment& environment) const {
  std::vector<std::string> all = {"--config", config_file().string()};
  all.insert(all.end(), args.begin(), args.end());
  return {
      .program = agent_binary(),
      .args = std::move(all),
      .environment = environment,
      // What this machine has set must not reach the program under test.
      .unset = {"LEGACY_DATABASE_URL", "SUPABASE_DB_URL", "STATE_DIRECTORY", "LOGS_DIRECTORY", "CREDENTIALS_DIRECTORY",
                "NOTIFY_SOCKET", "WATCHDOG_USEC", "JOURNAL_STREAM", "PGPASSFILE", "PGPASSWORD", "PGOPTIONS"},
      .directory = directory_.path()};
}

CommandResult AgentUnderTest::command(std::vector<std::string> args, const Environment& environment,
                                      std::chrono::milliseconds limit) const {
  Process process(process_options(std::move(args), environment));
  CommandResult result;
  result.exit_code = process.wait(limit);
  result.out = process.out();
  result.err = process.err();
  return result;
}

std::string AgentUnderTest::must(std::vector<std::string> args, const Environment& environment) const {
  const std::string name = args.front();
  const CommandResult result = command(std::move(args), environment);
  if (result.exit_code != 0) {
    throw std::runtime_error("agent " + name + " ended with " + std::to_string(result.exit_code) + ":\n" + result.err +
                             result.out);
  }
  return result.out;
}

std::unique_ptr<Process> AgentUnderTest::begin(std::vector<std::string> args, const Environment& environment) const {
  return std::make_unique<Process>(process_options(std::move(args), environment));
}

void AgentUnderTest::start(const Environment& environment) {
  if (is_running()) {
    throw std::logic_error("the agent is running already");
  }
  process_ = std::make_unique<Process>(process_options({"run"}, environment));
}

Process& AgentUnderTest::process() {
  if (!process_) {
    throw std::logic_error("no agent was started");
  }
  return *process_;
}

void AgentUnderTest::kill() {
  process().kill(SIGKILL);
  process().wait();
}

int AgentUnderTest::stop() {
  process().kill(SIGTERM);
  return process().wait();
}

int AgentUnderTest::wait(std::chrono::milliseconds limit) { return process().wait(limit); }

std::string AgentUnderTest::status() const {
  const CommandResult result = command({"status", "--json"});
  if (result.exit_code != 0 && result.exit_code != 6) {
    throw std::runtime_error("agent status ended with " + std::to_string(result.exit_code) + ":\n" + result.err);
  }
  return result.out;
}

void AgentUnderTest::require_running() {
  if (!is_running()) {
    throw std::runtime_error("the agent ended with " + std::to_string(process().wait()) + ":\n" + process().err());
  }
}

void AgentUnderTest::wait_streaming(std::chrono::milliseconds limit) {
  // By its log: asking for the status is something that tests do on purpose.
  process().wait_for_line("streaming slot=", limit);
}

void AgentUnderTest::wait_applied(std::chrono::milliseconds limit) {
  // The message's commit follows everything that was committed before, and is itself behind this position.
  const std::string goal =
      Sql(options_.source_url).query_value("SELECT pg_logical_emit_message(true, 'test', '')").value();
  Sql target(options_.target_url);
  const auto is_there = [&] {
    const auto reached = target.query_value("SELECT applied_lsn >= '" + goal +
                                            "' FROM dispatch_sync.checkpoint WHERE slot = '" + options_.slot + "'");
    if (reached == "t") {
      return true;
    }
    require_running();
    return false;
  };
  wait_until(is_there, "the checkpoint to reach " + goal, limit);
}

}  // namespace tests
