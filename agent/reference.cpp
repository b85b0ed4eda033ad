#include "agent/reference.hpp"

#include <CLI/CLI.hpp>

namespace agent {

namespace {

Reference::Option option_of(const CLI::Option& option) {
  Reference::Option result;
  for (const std::string& name : option.get_snames()) result.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) result.names.push_back("--" + name);
  const bool takes_value = option.get_items_expected_max() > 0;
  if (result.names.empty()) {
    result.value = option.get_single_name();
  } else if (takes_value) {
    result.value = option.get_type_name();
  }
  result.text = option.get_description();
  result.is_repeatable = takes_value && option.get_items_expected_max() > 1;
  return result;
}

}  // namespace

Reference reference_of(const CLI::App& app) {
  Reference result{
      .name = app.get_name(), .text = app.get_description(), .footer = app.get_footer(), .options = {}, .commands = {}};
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) result.options.push_back(option_of(*option));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) result.commands.push_back(reference_of(*command));
  }
  return result;
}

}  // namespace agent
