#include <malloc.h>

#include <csignal>
#include <exception>

#include "agent/cli.hpp"
#include "agent/exit_code.hpp"
#include "agent/log.hpp"
#include "core/error.hpp"

int main(int argc, char** argv) {
  // A peer that hangs up is an error of that write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  // Batches are allocated by one thread and freed by another; with an arena per thread the heap grows by half for no gain in speed.
  mallopt(M_ARENA_MAX, 2);
  try {
    const agent::Invocation invocation = agent::parse_command_line(argc, argv);
    return invocation.command == nullptr ? 0 : invocation.command->run(invocation.options);
  } catch (const core::Error& error) {
    agent::print_error(error);
    return agent::to_int(agent::exit_code(error.kind()));
  } catch (const std::exception& error) {
    agent::print_error(
        core::Error(core::ErrorKind::Bug, error.what()).remedy("this is a defect of the agent: please report it"));
    return agent::to_int(agent::exit_code(core::ErrorKind::Bug));
  }
}
