#include "agent/config.hpp"

#include <yaml-cpp/yaml.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <span>
#include <sstream>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "mapping/spelling.hpp"

namespace agent {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

/// Reads one mapping of the file key by key; what is left over at the end is unknown.
class Section {
 public:
  using Reader = std::function<void(const YAML::Node& value)>;

  Section(const fs::path& file, std::string name, YAML::Node node)
      : file_(file), name_(std::move(name)), node_(std::move(node)) {}

  Section& key(std::string_view name, Reader reader) {
    readers_.emplace_back(name, std::move(reader));
    return *this;
  }

  /// Calls the reader of every key that is there. Throws Error(Config) at an unknown or repeated key.
  void read() const {
    if (node_.IsNull()) return;
    if (!node_.IsMap()) throw at(node_.Mark(), title() + " must be a mapping of keys to values");
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

  [[nodiscard]] Error at(const YAML::Mark& mark, const std::string& message) const {
    return Error(ErrorKind::Config, message)
        .with("file", file_.string())
        .with("line", std::to_string(mark.line + 1))
        .with("column", std::to_string(mark.column + 1));
  }

  [[nodiscard]] std::string text(const std::string& key, const YAML::Node& value) const {
    if (!value.IsScalar() || value.Scalar().empty()) {
      throw at(value.Mark(), full_name(key) + " must be a text that is not empty");
    }
    return value.Scalar();
  }

  [[nodiscard]] std::uint32_t number(const std::string& key, const YAML::Node& value, std::uint32_t least,
                                     std::uint32_t most) const {
    std::uint32_t result = 0;
    const std::string digits = value.IsScalar() ? value.Scalar() : "";
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
    if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty() || result < least ||
        result > most) {
      throw at(value.Mark(), full_name(key) + " must be a whole number from " + std::to_string(least) + " to " +
                                 std::to_string(most));
    }
    return result;
  }

  [[nodiscard]] std::string full_name(const std::string& key) const { return name_.empty() ? key : name_ + "." + key; }

 private:
  [[nodiscard]] std::string title() const { return name_.empty() ? "the configuration" : name_; }

  [[nodiscard]] const Reader* find(std::string_view key) const {
    for (const auto& [name, reader] : readers_) {
      if (name == key) return &reader;
    }
    return nullptr;
  }

  [[nodiscard]] Error unknown(const YAML::Mark& mark, const std::string& key) const {
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

  const fs::path& file_;
  std::string name_;
  YAML::Node node_;
  std::vector<std::pair<std::string_view, Reader>> readers_;
};

fs::path absolute_to(const fs::path& file, const std::string& path) {
  return (fs::absolute(file).parent_path() / path).lexically_normal();
}

/// `0.5%`, or a plain share such as 0.005.
std::optional<double> parse_share(std::string text) {
  double scale = 1;
  if (text.ends_with('%')) {
    text.pop_back();
    scale = 100;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  value /= scale;
  if (value < 0 || value > 1) return std::nullopt;
  return value;
}

/// `127.0.0.1:9187`, `[::1]:9187`, `off`. False when it is none of them.
bool parse_listen(const std::string& text, Config::Http& http) {
  if (text == "off" || text == "false") {
    http.enabled = false;
    return true;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  std::string host = text.substr(0, colon);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return false;
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return false;
  }
  std::uint16_t port = 0;
  const char* begin = text.data() + colon + 1;
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(begin, end, port);
  if (begin == end || error != std::errc{} || parsed != end) return false;
  http.host = host;
  http.port = port;
  return true;
}

std::optional<std::string> first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!in || !std::getline(in, line)) return std::nullopt;
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
  if (line.empty()) return std::nullopt;
  return line;
}

/// The URL of one side from outside the file: it may hold a password, which does not belong into the file.
std::optional<std::string> url_from_environ(const Environ& environ, const std::string& variable,
                                            const std::string& credential) {
  if (auto url = environ(variable)) return url;
  if (const auto directory = environ("CREDENTIALS_DIRECTORY")) return first_line(fs::path(*directory) / credential);
  return std::nullopt;
}

/// systemd lists the directories of a unit with colons between them.
std::optional<fs::path> first_directory(const Environ& environ, const std::string& variable) {
  const auto list = environ(variable);
  if (!list) return std::nullopt;
  return fs::path(list->substr(0, list->find(':')));
}

void require(bool is_given, const fs::path& file, const std::string& key, const std::string& remedy) {
  if (is_given) return;
  throw Error(ErrorKind::Config, "the required key " + key + " is missing")
      .with("file", file.string())
      .with("line", "1")
      .with("column", "1")
      .remedy(remedy);
}

YAML::Node parse_yaml(const fs::path& file, const std::string& text) {
  try {
    return YAML::Load(text);
  } catch (const YAML::ParserException& error) {
    throw Error(ErrorKind::Config, "not valid YAML: " + error.msg)
        .with("file", file.string())
        .with("line", std::to_string(error.mark.line + 1))
        .with("column", std::to_string(error.mark.column + 1));
  }
}

void read_file(Config& config, const YAML::Node& root) {
  const fs::path& file = config.file;
  Section top(file, "", root);
  const auto section = [&file](const std::string& name, const YAML::Node& node) { return Section(file, name, node); };

  top.key("source", [&](const YAML::Node& node) {
    Section part = section("source", node);
    part.key("url", [&](const YAML::Node& value) { config.source.url = part.text("url", value); });
    part.key("publication",
             [&](const YAML::Node& value) { config.source.publication = part.text("publication", value); });
    part.key("slot", [&](const YAML::Node& value) {
      config.source.slot = part.text("slot", value);
      if (config.source.slot.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos ||
          config.source.slot.size() > 63) {
        throw part.at(value.Mark(), "source.slot may hold lower-case letters, digits and '_' only, at most 63 of them");
      }
    });
    part.read();
  });
  top.key("target", [&](const YAML::Node& node) {
    Section part = section("target", node);
    part.key("url", [&](const YAML::Node& value) { config.target.url = part.text("url", value); });
    part.key("ledger_schema", [&](const YAML::Node& value) {
      config.target.ledger_schema = part.text("ledger_schema", value);
      if (config.target.ledger_schema == "public" || config.target.ledger_schema.starts_with("pg_")) {
        throw part.at(value.Mark(), "target.ledger_schema must be a schema of the agent's own");
      }
    });
    part.read();
  });
  top.key("mapping", [&](const YAML::Node& value) { config.mapping = absolute_to(file, top.text("mapping", value)); });
  top.key("state_dir",
          [&](const YAML::Node& value) { config.state_dir = absolute_to(file, top.text("state_dir", value)); });
  top.key("apply", [&](const YAML::Node& node) {
    Section part = section("apply", node);
    // At most what one array parameter and one transaction's memory take comfortably.
    part.key("batch_rows",
             [&](const YAML::Node& value) { config.apply.batch_rows = part.number("batch_rows", value, 1, 100000); });
    part.key("max_quarantine", [&](const YAML::Node& value) {
      const auto share = value.IsScalar() ? parse_share(value.Scalar()) : std::nullopt;
      if (!share) throw part.at(value.Mark(), "apply.max_quarantine must be a share such as 0.5% or 0.005");
      config.apply.max_quarantine = *share;
    });
    part.key("memory_mb",
             [&](const YAML::Node& value) { config.apply.memory_mb = part.number("memory_mb", value, 1, 4096); });
    part.read();
  });
  top.key("snapshot", [&](const YAML::Node& node) {
    Section part = section("snapshot", node);
    part.key("workers",
             [&](const YAML::Node& value) { config.snapshot.workers = part.number("workers", value, 1, 64); });
    part.key("chunk_rows", [&](const YAML::Node& value) {
      config.snapshot.chunk_rows = part.number("chunk_rows", value, 100, 10000000);
    });
    part.read();
  });
  top.key("http", [&](const YAML::Node& node) {
    Section part = section("http", node);
    part.key("listen", [&](const YAML::Node& value) {
      if (!parse_listen(part.text("listen", value), config.http)) {
        throw part.at(value.Mark(), "http.listen must be HOST:PORT, such as 127.0.0.1:9187, or off");
      }
    });
    part.read();
  });
  top.key("log", [&](const YAML::Node& node) {
    Section part = section("log", node);
    part.key("level", [&](const YAML::Node& value) {
      const auto level = parse_log_level(part.text("level", value));
      if (!level) throw part.at(value.Mark(), "log.level must be trace, debug, info, warn or error");
      config.log.level = *level;
    });
    part.key("format", [&](const YAML::Node& value) {
      const std::string format = part.text("format", value);
      if (format != "json" && format != "text") throw part.at(value.Mark(), "log.format must be json or text");
      config.log.format = format == "json" ? Config::Log::Format::Json : Config::Log::Format::Text;
    });
    part.key("dir", [&](const YAML::Node& value) { config.log.dir = absolute_to(file, part.text("dir", value)); });
    part.read();
  });
  top.read();
}

}  // namespace

Environ process_environ() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
  };
}

fs::path find_config_file(const std::string& given, const Environ& environ) {
  if (!given.empty()) return given;
  if (const auto named = environ("AGENT_CONFIG")) return *named;
  for (const char* candidate : {"agent.yaml", "/etc/dispatch-sync/agent.yaml"}) {
    std::error_code ignored;
    if (fs::exists(candidate, ignored)) return candidate;
  }
  throw Error(ErrorKind::Config, "no configuration file")
      .remedy("give one with --config FILE or $AGENT_CONFIG, or write ./agent.yaml or /etc/dispatch-sync/agent.yaml");
}

Config load_config(const fs::path& file, const Environ& environ) {
  std::ifstream in(file);
  std::ostringstream text;
  // A directory opens, but cannot be read.
  if (!in || !(text << in.rdbuf())) {
    throw Error(ErrorKind::Config, "cannot read the configuration file")
        .with("file", file.string())
        .remedy("check the path and its permissions");
  }
  return parse_config(file, text.str(), environ);
}

Config parse_config(const fs::path& file, const std::string& text, const Environ& environ) {
  Config config;
  config.file = file;
  read_file(config, parse_yaml(file, text));
  if (const auto url = url_from_environ(environ, "LEGACY_DATABASE_URL", "legacy_database_url"))
    config.source.url = *url;
  if (const auto url = url_from_environ(environ, "SUPABASE_DB_URL", "supabase_db_url")) config.target.url = *url;
  if (const auto directory = first_directory(environ, "STATE_DIRECTORY")) config.state_dir = *directory;
  if (const auto directory = first_directory(environ, "LOGS_DIRECTORY")) config.log.dir = *directory;
  require(!config.source.url.empty(), file, "source.url",
          "write it into the file, or set LEGACY_DATABASE_URL, or give the credential legacy_database_url");
  require(!config.target.url.empty(), file, "target.url",
          "write it into the file, or set SUPABASE_DB_URL, or give the credential supabase_db_url");
  require(!config.mapping.empty(), file, "mapping", "write the path of mapping.yaml, relative to this file");
  return config;
}

std::string_view to_string(Config::Log::Level level) {
  switch (level) {
    case Config::Log::Level::Trace: return "trace";
    case Config::Log::Level::Debug: return "debug";
    case Config::Log::Level::Info: return "info";
    case Config::Log::Level::Warn: return "warn";
    case Config::Log::Level::Error: return "error";
  }
  return "info";
}

std::optional<Config::Log::Level> parse_log_level(std::string_view text) {
  using Level = Config::Log::Level;
  for (const Level level : {Level::Trace, Level::Debug, Level::Info, Level::Warn, Level::Error}) {
    if (text == to_string(level)) return level;
  }
  return std::nullopt;
}

}  // namespace agent
