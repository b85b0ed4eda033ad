#include "pg/message_redaction.hpp"

#include <algorithm>
#include <array>

namespace pg {

namespace {

/// Words after which PostgreSQL's messages quote a name, never a value.
constexpr std::array<std::string_view, 12> kNounsOfNames{"relation", "column",   "constraint", "table",
                                                         "type",     "encoding", "index",      "schema",
                                                         "domain",   "trigger",  "sequence",   "function"};

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool ends_with_noun(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const std::size_t space = text.rfind(' ');
  const std::string_view word = space == std::string_view::npos ? text : text.substr(space + 1);
  return std::find(kNounsOfNames.begin(), kNounsOfNames.end(), word) != kNounsOfNames.end();
}

}  // namespace

std::string without_values(std::string_view message, const std::vector<std::string>& identifiers, Nouns nouns) {
  if (!is_ascii(message)) return "the server refused it (its message is withheld: it may quote values)";
  std::string kept;
  while (!message.empty()) {
    const std::size_t mark = message.find_first_of("\":");
    if (mark == std::string_view::npos || message[mark] == ':') {
      kept.append(message.substr(0, mark));
      break;
    }
    kept.append(message.substr(0, mark));
    message.remove_prefix(mark + 1);
    const std::size_t close = message.find('"');
    const std::string_view quoted = message.substr(0, close);
    const bool is_name = close != std::string_view::npos &&
                         ((nouns == Nouns::Trusted && ends_with_noun(kept)) ||
                          std::find(identifiers.begin(), identifiers.end(), quoted) != identifiers.end());
    if (is_name) {
      kept.append(1, '"').append(quoted).append(1, '"');
    } else {
      kept.append("\"...\"");
    }
    // An open quote hides the rest; so does a value that holds quotes itself, which the colon before it has cut off already.
    if (close == std::string_view::npos) break;
    message.remove_prefix(close + 1);
  }
  return kept;
}

std::string without_quotes(std::string_view message) {
  const std::size_t quote = message.find('"');
  const std::size_t last = message.rfind('"');
  std::string kept{message.substr(0, quote)};
  if (quote != std::string_view::npos) {
    kept.append("\"...\"");
    if (last > quote) kept.append(message.substr(last + 1));
  }
  const auto is_space = [](char c) { return c == '\n' || c == ' '; };
  while (!kept.empty() && is_space(kept.back())) kept.pop_back();
  return kept;
}

}  // namespace pg
