#include <malloc.h>

#include <csignal>
#include <exception>

#include "agent/cli.hpp"
#include "agent/exit_code.hpp"
#include "agent/log.hpp"
#include "agent/standard_output.hpp"
#include "core/error.hpp"

int main(int argc, char** argv) {
  // A peer that hangs up is an error of that write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  // Batches are allocated by one thread and freed by another; with an arena per thread the heap grows by half for no gain in speed.
  mallopt(M_ARENA_MAX, 2);
  try {
    const agent::Invocation invocation = agent::parse_command_line(argc, argv);
    const int code = invocation.command == nullptr ? 0 : invocation.command->run(invocation.options);
    if (agent::is_output_written()) return code;
    agent::print_error(core::Error(core::ErrorKind::Usage, "cannot write to stdout what the command has to say")
                           .remedy("is the disk full? What the command has done stands"));
    return code != 0 ? code : agent::to_int(agent::exit_code(core::ErrorKind::Usage));
  } catch (const core::Error& error) {
    agent::print_error(error);
    return agent::to_int(agent::exit_code(error.kind()));
  } catch (const std::exception& error) {
    agent::print_error(
        core::Error(core::ErrorKind::Bug, error.what()).remedy("this is a defect of the agent: please report it"));
    return agent::to_int(agent::exit_code(core::ErrorKind::Bug));
  }
}
