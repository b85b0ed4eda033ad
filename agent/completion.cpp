#include "agent/completion.hpp"

#include <vector>

namespace agent {

namespace {

/// One place of the command line and what may come there.
struct Place {
  std::string path;  ///< `agent quarantine`
  std::vector<const Reference*> above;
  const Reference* command;
};

void collect(std::vector<Place>& places, const Reference& command, const std::string& path,
             std::vector<const Reference*> above) {
  const std::string own = path.empty() ? command.name : path + " " + command.name;
  places.push_back({own, above, &command});
  above.push_back(&command);
  for (const Reference& below : command.commands) collect(places, below, own, above);
}

std::vector<Place> places_of(const Reference& program) {
  std::vector<Place> places;
  collect(places, program, "", {});
  return places;
}

/// Every option that may stand there: the program's own may come after any command.
std::vector<Reference::Option> options_at(const Place& place) {
  std::vector<Reference::Option> options = place.command->options;
  if (!place.above.empty()) {
    for (const Reference::Option& option : place.above.front()->options) {
      if (option.names.back() != "--version" && option.names.back() != "--help") options.push_back(option);
    }
  }
  std::erase_if(options, [](const Reference::Option& option) { return option.names.empty(); });
  return options;
}

std::string words_at(const Place& place) {
  std::string words;
  const auto add = [&words](const std::string& word) { words += (words.empty() ? "" : " ") + word; };
  for (const Reference& command : place.command->commands) add(command.name);
  for (const Reference::Option& option : options_at(place)) {
    for (const std::string& name : option.names) add(name);
  }
  return words;
}

/// Inside of single quotes, for any of the shells.
std::string shell_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') {
      result += "\xE2\x80\x99";  // an apostrophe that no shell knows
    } else {
      result += c == '\n' ? ' ' : c;
    }
  }
  return result + "'";
}

std::string bash(const Reference& program) {
  std::string cases;
  for (const Place& place : places_of(program)) {
    cases += "    " + shell_quoted(place.path) + ") words=" + shell_quoted(words_at(place)) + " ;;\n";
  }
  return "# bash completion of " + program.name + "\n_" + program.name + R"sh(() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} path=)sh" +
         program.name + R"sh( words= word
  case $prev in
    --config | --report) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
    --log-level) mapfile -t COMPREPLY < <(compgen -W 'trace debug info warn error' -- "$cur"); return ;;
  esac
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case " )sh" +
         [&] {
           std::string paths;
           for (const Place& place : places_of(program)) paths += place.path + "|";
           return paths;
         }() +
         R"sh(" in *[\ \|]"$path $word|"*) path="$path $word" ;; esac
  done
  case $path in
)sh" + cases +
         "  esac\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\ncomplete -F _" + program.name +
         " " + program.name + "\n";
}

std::string zsh(const Reference& program) {
  // zsh runs bash's completions; one description of the tree is enough.
  return "#compdef " + program.name + "\nautoload -U +X bashcompinit && bashcompinit\n" + R"sh(mapfile() {
  local line; COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("$line"); done
}
)sh" + bash(program);
}

std::string fish(const Reference& program) {
  std::string text = "# fish completion of " + program.name + "\ncomplete -c " + program.name + " -f\n";
  for (const Place& place : places_of(program)) {
    std::string condition = "__fish_use_subcommand";
    if (!place.above.empty()) condition = "__fish_seen_subcommand_from " + place.command->name;
    const std::string line = "complete -c " + program.name + " -n " + shell_quoted(condition);
    for (const Reference& command : place.command->commands) {
      text += line + " -a " + command.name + " -d " + shell_quoted(command.text) + "\n";
    }
    for (const Reference::Option& option : place.command->options) {
      std::string names;
      for (const std::string& name : option.names) {
        names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      if (names.empty()) continue;
      // The program's own options may come after any command.
      const bool is_everywhere = place.above.empty() && option.names.back() != "--version";
      text += (is_everywhere ? "complete -c " + program.name : line) + names + (option.value.empty() ? "" : " -r -F") +
              " -d " + shell_quoted(option.text) + "\n";
    }
  }
  return text;
}

}  // namespace

std::optional<std::string> completion(const Reference& program, std::string_view shell) {
  if (shell == "bash") return bash(program);
  if (shell == "zsh") return zsh(program);
  if (shell == "fish") return fish(program);
  return std::nullopt;
}

}  // namespace agent
