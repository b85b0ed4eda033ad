#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace agent {

/// What the command line understands, read from the parser itself, so that --help, the manual page and the shells' completions say the same.
struct Reference {
  struct Option {
    std::vector<std::string> names;  ///< `--json`, `-h`; empty for an argument without a name
    std::string value;               ///< what it takes, as in `FILE`; empty for a flag
    std::string text;
    bool is_repeatable = false;
  };

  std::string name;
  std::string text;
  std::string footer;
  std::vector<Option> options;
  std::vector<Reference> commands;
};

/// Of a program or of one of its commands, with everything below it. What is hidden from --help is left out.
[[nodiscard]] Reference reference_of(const CLI::App& app);

/// The manual page, in man(7).
[[nodiscard]] std::string manual_page(const Reference& program, const std::string& version);

}  // namespace agent
