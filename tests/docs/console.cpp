#include "tests/docs/console.hpp"

#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace docs {

namespace {

/// The regular expression that an expected line is.
std::string expression_of(const std::string& line) {
  static const std::regex special(R"([.^$|()\[\]{}*+?\\])");
  static const std::regex anything("…");
  return std::regex_replace(std::regex_replace(line, special, R"(\$&)"), anything, "[^\\n]*");
}

std::ifstream opened(const std::filesystem::path& page) {
  std::ifstream in(page);
  if (!in) throw std::runtime_error("cannot read " + page.string());
  return in;
}

}  // namespace

std::vector<Script> scripts_of(const std::filesystem::path& page) {
  // Up to what ends the command: the closing quote of the text, or a comment.
  static const std::regex script("scripts/([a-z-]+)([^`#)]*)");
  static const std::regex option(" (--[a-z-]+)");
  std::vector<Script> scripts;
  std::ifstream in = opened(page);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    for (std::sregex_iterator found(line.begin(), line.end(), script), end; found != end; ++found) {
      Script one{.line = number, .name = (*found)[1], .options = {}};
      const std::string rest = (*found)[2];
      for (std::sregex_iterator given(rest.begin(), rest.end(), option); given != end; ++given)
        one.options.push_back((*given)[1]);
      scripts.push_back(std::move(one));
    }
  }
  return scripts;
}

std::vector<Command> commands_of(const std::filesystem::path& page) {
  std::ifstream in = opened(page);
  static const std::regex ends_with_code("#.*exit code ([0-9]+)$");
  std::vector<Command> commands;
  bool is_console = false;
  bool is_shown = false;  // what follows belongs to a command that is run here
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("```")) {
      is_console = !is_console && line == "```console";
      is_shown = false;
    } else if (is_console && line.starts_with("$ ")) {
      Command command{.line = number, .text = line.substr(2), .output = {}};
      if (std::smatch code; std::regex_search(line, code, ends_with_code)) command.exit_code = std::stoi(code[1]);
      commands.push_back(std::move(command));
      is_shown = true;
    } else if (is_console && line.starts_with("# ")) {
      is_shown = false;
    } else if (is_shown) {
      commands.back().output.push_back(line);
    }
  }
  return commands;
}

bool matches(const std::vector<std::string>& expected, const std::string& printed) {
  if (expected.empty()) return true;
  std::string expression;
  for (const std::string& line : expected) expression += line == "…" ? "([^\\n]*\\n)*" : expression_of(line) + "\\n";
  return std::regex_match(printed, std::regex(expression));
}

}  // namespace docs
