#pragma once

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace agent {

/// One mapping of agent.yaml, read key by key; what is left over at the end is unknown. Errors name file, line and column.
class ConfigSection {
 public:
  using Reader = std::function<void(const YAML::Node& value)>;

  /// `file` outlives this object. `name` is empty for the file's own keys.
  ConfigSection(const std::filesystem::path& file, std::string name, YAML::Node node)
      : file_(file), name_(std::move(name)), node_(std::move(node)) {}

  ConfigSection& key(std::string_view name, Reader reader);
  /// Calls the reader of every key that is there. Throws Error(Config) at an unknown or repeated key.
  void read() const;

  [[nodiscard]] core::Error at(const YAML::Mark& mark, const std::string& message) const;
  /// The error about the section as a whole.
  [[nodiscard]] core::Error at_begin(const std::string& message) const { return at(node_.Mark(), message); }
  [[nodiscard]] std::string text(const std::string& key, const YAML::Node& value) const;
  /// A whole number. Throws Error(Config) unless it is from `least` to `most`.
  [[nodiscard]] std::uint32_t number(const std::string& key, const YAML::Node& value, std::uint32_t least,
                                     std::uint32_t most) const;
  /// `500ms`, `30s`, `5m`. Throws Error(Config) unless it is such a time, from `least` to `most`.
  [[nodiscard]] std::chrono::milliseconds duration(const std::string& key, const YAML::Node& value,
                                                   std::chrono::milliseconds least,
                                                   std::chrono::milliseconds most) const;
  /// A program with its arguments: a list of texts, or one text for a program without arguments. No shell reads it. Throws
  /// Error(Config) unless the program is an absolute path, and when it holds a password.
  [[nodiscard]] std::vector<std::string> command(const std::string& key, const YAML::Node& value) const;

 private:
  [[nodiscard]] std::string full_name(const std::string& key) const { return name_.empty() ? key : name_ + "." + key; }
  [[nodiscard]] std::string title() const { return name_.empty() ? "the configuration" : name_; }
  [[nodiscard]] const Reader* find(std::string_view key) const;
  [[nodiscard]] core::Error unknown(const YAML::Mark& mark, const std::string& key) const;

  const std::filesystem::path& file_;
  std::string name_;
  YAML::Node node_;
  std::vector<std::pair<std::string_view, Reader>> readers_;
};

}  // namespace agent
