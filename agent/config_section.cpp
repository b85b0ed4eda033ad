#include "agent/config_section.hpp"

#include <charconv>
#include <optional>
#include <set>

#include "agent/redaction.hpp"
#include "mapping/spelling.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;
using std::chrono::milliseconds;

/// A whole number at the begin of `text`, and what follows it.
std::optional<std::pair<std::uint32_t, std::string_view>> split_number(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{}) return std::nullopt;
  return std::pair{number, text.substr(static_cast<std::size_t>(end - text.data()))};
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  const auto parts = split_number(text);
  if (!parts) return std::nullopt;
  const auto [number, unit] = *parts;
  if (unit == "ms") return milliseconds{number};
  if (unit == "s") return std::chrono::seconds{number};
  if (unit == "m" || unit == "min") return std::chrono::minutes{number};
  if (unit == "h") return std::chrono::hours{number};
  return std::nullopt;
}

std::string to_text(milliseconds time) {
  if (time.count() % 60'000 == 0) return std::to_string(time.count() / 60'000) + "m";
  if (time.count() % 1000 == 0) return std::to_string(time.count() / 1000) + "s";
  return std::to_string(time.count()) + "ms";
}

}  // namespace

ConfigSection& ConfigSection::key(std::string_view name, Reader reader) {
  readers_.emplace_back(name, std::move(reader));
  return *this;
}

void ConfigSection::read() const {
  if (node_.IsNull()) return;
  if (!node_.IsMap()) throw at_begin(title() + " must be a mapping of keys to values");
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    const YAML::Mark mark = entry.first.Mark();
    if (!entry.first.IsScalar()) throw at(mark, "a key of " + title() + " must be a plain word");
    const std::string key = entry.first.Scalar();
    if (!seen.insert(key).second) throw at(mark, "the key \"" + key + "\" is given twice in " + title());
    const Reader* reader = find(key);
    if (reader == nullptr) throw unknown(mark, key);
    (*reader)(entry.second);
  }
}

Error ConfigSection::at(const YAML::Mark& mark, const std::string& message) const {
  return Error(ErrorKind::Config, message)
      .with("file", file_.string())
      .with("line", std::to_string(mark.line + 1))
      .with("column", std::to_string(mark.column + 1));
}

std::string ConfigSection::text(const std::string& key, const YAML::Node& value) const {
  if (!value.IsScalar() || value.Scalar().empty()) {
    throw at(value.Mark(), full_name(key) + " must be a text that is not empty");
  }
  return value.Scalar();
}

std::uint32_t ConfigSection::number(const std::string& key, const YAML::Node& value, std::uint32_t least,
                                    std::uint32_t most) const {
  const auto parts = value.IsScalar() ? split_number(value.Scalar()) : std::nullopt;
  if (!parts || !parts->second.empty() || parts->first < least || parts->first > most) {
    throw at(value.Mark(),
             full_name(key) + " must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return parts->first;
}

milliseconds ConfigSection::duration(const std::string& key, const YAML::Node& value, milliseconds least,
                                     milliseconds most) const {
  const auto time = value.IsScalar() ? parse_duration(value.Scalar()) : std::nullopt;
  if (!time || *time < least || *time > most) {
    throw at(value.Mark(),
             full_name(key) + " must be a time such as 30s, from " + to_text(least) + " to " + to_text(most));
  }
  return *time;
}

std::vector<std::string> ConfigSection::command(const std::string& key, const YAML::Node& value) const {
  std::vector<std::string> words;
  if (value.IsSequence()) {
    for (const YAML::Node& word : value) words.push_back(text(key, word));
  } else {
    words.push_back(text(key, value));
  }
  if (words.empty() || !words.front().starts_with('/')) {
    throw at(value.Mark(),
             full_name(key) + " must be a program with its arguments: a list whose first text is an absolute path")
        .remedy("no shell reads it: what needs one goes into a script");
  }
  for (const std::string& word : words) {
    if (redact(word) != word) {
      throw at(value.Mark(), full_name(key) + " must hold no password: it is written into the ledger")
          .remedy("let the program read it from a file of its own");
    }
  }
  return words;
}

const ConfigSection::Reader* ConfigSection::find(std::string_view key) const {
  for (const auto& [name, reader] : readers_) {
    if (name == key) return &reader;
  }
  return nullptr;
}

Error ConfigSection::unknown(const YAML::Mark& mark, const std::string& key) const {
  std::vector<std::string> names;
  std::string list;
  for (const auto& [name, reader] : readers_) {
    names.emplace_back(name);
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  const std::string nearest = mapping::nearest_name(key, names);
  return at(mark, "unknown key \"" + key + "\" in " + title())
      .remedy(nearest.empty() ? "known keys are: " + list : "did you mean \"" + nearest + "\"?");
}

}  // namespace agent
