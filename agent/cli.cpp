#include "agent/cli.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "agent/commands/check.hpp"
#include "agent/commands/cleanup.hpp"
#include "agent/commands/cutover.hpp"
#include "agent/commands/mapping.hpp"
#include "agent/commands/quarantine.hpp"
#include "agent/commands/repair.hpp"
#include "agent/commands/rollback.hpp"
#include "agent/commands/run.hpp"
#include "agent/commands/snapshot.hpp"
#include "agent/commands/status.hpp"
#include "agent/commands/sync.hpp"
#include "agent/commands/validate.hpp"
#include "agent/completion.hpp"
#include "agent/config.hpp"
#include "agent/reference.hpp"
#include "agent/supervisor.hpp"
#include "core/error.hpp"
#include "mapping/spelling.hpp"

namespace agent {

namespace {

/// Every subcommand, in the order of --help. A new one is a line here and a file in commands/.
const std::vector<Command>& command_table() {
  static const std::vector<Command> table = {
      {"check", "Preflight of both databases and of the mapping; changes nothing", commands::check::declare,
       commands::check::run},
      {"snapshot", "The initial copy, resumable; on rows that are there already, only differences are written",
       commands::snapshot::declare, commands::snapshot::run},
      {"sync", "Tails the stream of changes (needs a finished snapshot)", commands::sync::declare, commands::sync::run},
      {"run", "Snapshot if it is not finished, then sync; what systemd runs", commands::run::declare,
       commands::run::run},
      {"validate", "Compares every row with what the mapping makes of the source, exactly, while both are in use",
       commands::validate::declare, commands::validate::run},
      {"status", "Phase, lag, and what became of the rows of every route", commands::status::declare,
       commands::status::run},
      {"repair", "Rewrites the rows that the last validation found missing or different", commands::repair::declare,
       commands::repair::run},
      {"quarantine", "Rows that could not be applied", commands::quarantine::declare,
       [](const Options& options) {
         return commands::quarantine::run(options, {retry_quarantined_here, discard_rows_here});
       }},
      {"cutover", "The switch: nobody writes to the source any more, and the target takes over",
       commands::cutover::declare, commands::cutover::run},
      {"cleanup", "Drops the target columns that the mapping lists, archived first", commands::cleanup::declare,
       commands::cleanup::run},
      {"rollback", "Takes back a phase of the switch", commands::rollback::declare, commands::rollback::run},
      {"mapping", "The id map: which UUID a legacy key has", commands::mapping::declare, commands::mapping::run},
  };
  return table;
}

constexpr std::string_view kDescription =
    "Moves a legacy PostgreSQL database into another schema and keeps it current until the switch.";

constexpr std::string_view kFooter =
    "Configuration: --config FILE, else $AGENT_CONFIG, ./agent.yaml, /etc/dispatch-sync/agent.yaml.\n"
    "Exit codes: 0 done · 1 problems found · 2 usage, configuration or mapping · 3 source · 4 target ·\n"
    "            5 state directory or slot · 6 refused, data would be lost · 7 not everything was checked";

std::vector<std::string> names_of(const std::vector<Reference>& commands) {
  std::vector<std::string> names;
  for (const Reference& command : commands) names.push_back(command.name);
  return names;
}

/// Whether the next word is the value of this option.
bool takes_value(const Reference& command, std::string_view option) {
  return std::ranges::any_of(command.options, [&](const Reference::Option& one) {
    return !one.value.empty() && std::ranges::find(one.names, option) != one.names.end();
  });
}

/// CLI11's own texts name its classes' notions; a word that no command is, and a command that lacks one, are said in words.
core::Error usage_error(const CLI::ParseError& error, const Reference& program, int argc, const char* const* argv) {
  const Reference* command = &program;
  std::string path = program.name;
  for (int i = 1; i < argc && !command->commands.empty(); ++i) {
    const std::string_view word = argv[i];
    if (takes_value(program, word) || takes_value(*command, word)) ++i;
    if (word.starts_with('-')) continue;
    const auto found = std::ranges::find(command->commands, word, &Reference::name);
    if (found == command->commands.end()) {
      const std::vector<std::string> names = names_of(command->commands);
      const std::string nearest = mapping::nearest_name(word, names);
      return core::Error(core::ErrorKind::Usage, fmt::format("unknown command \"{}\" of {}", word, path))
          .remedy(fmt::format("{}{} knows {}; {} --help says what each does",
                              nearest.empty() ? "" : "did you mean \"" + nearest + "\"? ", path, fmt::join(names, ", "),
                              path));
    }
    path += " " + found->name;
    command = &*found;
  }
  const bool lacks_command = !command->commands.empty() && dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  return core::Error(core::ErrorKind::Usage, lacks_command ? path + " needs to be told what to do" : error.what())
      .remedy(lacks_command ? fmt::format("{} knows {}; {} --help says what each does", path,
                                          fmt::join(names_of(command->commands), ", "), path)
                            : "agent --help, or agent COMMAND --help, shows what is possible");
}

/// What is built into the package from the command line itself.
std::string generated(const Reference& program, const std::string& what) {
  if (what == "man") return manual_page(program, AGENT_VERSION);
  if (auto script = completion(program, what)) return *script;
  throw core::Error(core::ErrorKind::Usage, "--generate makes man, bash, zsh or fish, not " + what);
}

}  // namespace

Invocation parse_command_line(int argc, const char* const* argv) {
  Invocation invocation;
  Options& options = invocation.options;
  CLI::App app{std::string(kDescription), "agent"};
  app.footer(std::string(kFooter));
  app.set_version_flag("--version", std::string("agent ") + AGENT_VERSION);
  app.require_subcommand(1);
  // --config, --log-level and --json may stand before or after the command.
  app.fallthrough();
  app.add_option("--config", options.config_file, "Configuration file")->type_name("FILE");
  app.add_option("--log-level", options.log_level, "trace, debug, info, warn or error")->type_name("LEVEL");
  app.add_flag("--json", options.as_json, "Print the result as one JSON object");

  std::vector<std::pair<CLI::App*, const Command*>> parsers;
  for (const Command& command : command_table()) {
    CLI::App* parser = app.add_subcommand(std::string(command.name), std::string(command.summary));
    parser->fallthrough();
    command.declare(*parser, options);
    parsers.emplace_back(parser, &command);
  }

  if (argc == 3 && std::string_view{argv[1]} == "--generate") {
    std::cout << generated(reference_of(app), argv[2]);
    return invocation;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& answered) {  // --help, --version
    app.exit(answered);
    return invocation;
  } catch (const CLI::ParseError& error) {
    throw usage_error(error, reference_of(app), argc, argv);
  }
  if (options.log_level && !parse_log_level(*options.log_level)) {
    throw core::Error(core::ErrorKind::Usage, "--log-level must be trace, debug, info, warn or error");
  }
  for (const auto& [parser, command] : parsers) {
    if (parser->parsed()) invocation.command = command;
  }
  return invocation;
}

}  // namespace agent
