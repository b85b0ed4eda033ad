#include "agent/config.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/config_section.hpp"
#include "core/error.hpp"

namespace agent {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

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
  const auto refused = [&](const std::string& message, const YAML::Mark& mark) {
    return Error(ErrorKind::Config, message)
        .with("file", file.string())
        .with("line", std::to_string(std::max(mark.line, 0) + 1))
        .with("column", std::to_string(std::max(mark.column, 0) + 1));
  };
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.empty()) {
      throw refused("the configuration file is empty", {}).remedy("write at least source.url, target.url and mapping");
    }
    if (documents.size() > 1) {
      throw refused("the configuration file has more than one YAML document: what follows would not be in force",
                    documents[1].Mark())
          .remedy("remove the line '---' before it");
    }
    return documents.front();
  } catch (const YAML::ParserException& error) {
    throw refused("not valid YAML: " + error.msg, error.mark);
  }
}

void read_cutover(Config::Cutover& config, ConfigSection part) {
  using namespace std::chrono_literals;
  part.key("fence", [&](const YAML::Node& value) {
    const std::string name = part.text("fence", value);
    config.fence = cutover::fence_method_of(name);
    if (!config.fence && name != "auto")
      throw part.at(value.Mark(), "cutover.fence must be auto, read_only, revoke or command");
  });
  part.key("fence_command",
           [&](const YAML::Node& value) { config.fence_command = part.command("fence_command", value); });
  part.key("lift_command", [&](const YAML::Node& value) { config.lift_command = part.command("lift_command", value); });
  part.key("max_lag", [&](const YAML::Node& value) { config.max_lag = part.duration("max_lag", value, 1s, 1h); });
  part.key("fence_timeout",
           [&](const YAML::Node& value) { config.fence_timeout = part.duration("fence_timeout", value, 1s, 1h); });
  part.key("drain_timeout",
           [&](const YAML::Node& value) { config.drain_timeout = part.duration("drain_timeout", value, 1s, 24h); });
  part.read();
  const bool has_commands = !config.fence_command.empty() && !config.lift_command.empty();
  if (config.fence_command.empty() != config.lift_command.empty() ||
      (config.fence == cutover::FenceMethod::Command && !has_commands)) {
    throw part.at_begin("cutover.fence_command and cutover.lift_command go together")
        .remedy("give both: what one puts up, the other takes down");
  }
}

void read_file(Config& config, const YAML::Node& root) {
  const fs::path& file = config.file;
  ConfigSection top(file, "", root);
  const auto section = [&file](const std::string& name, const YAML::Node& node) {
    return ConfigSection(file, name, node);
  };

  top.key("source", [&](const YAML::Node& node) {
    ConfigSection part = section("source", node);
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
    ConfigSection part = section("target", node);
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
    ConfigSection part = section("apply", node);
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
    ConfigSection part = section("snapshot", node);
    part.key("workers",
             [&](const YAML::Node& value) { config.snapshot.workers = part.number("workers", value, 1, 64); });
    part.key("chunk_rows", [&](const YAML::Node& value) {
      config.snapshot.chunk_rows = part.number("chunk_rows", value, 100, 10000000);
    });
    part.read();
  });
  top.key("http", [&](const YAML::Node& node) {
    ConfigSection part = section("http", node);
    part.key("listen", [&](const YAML::Node& value) {
      if (!parse_listen(part.text("listen", value), config.http)) {
        throw part.at(value.Mark(), "http.listen must be HOST:PORT, such as 127.0.0.1:9187, or off");
      }
    });
    part.read();
  });
  top.key("cutover", [&](const YAML::Node& node) { read_cutover(config.cutover, section("cutover", node)); });
  top.key("log", [&](const YAML::Node& node) {
    ConfigSection part = section("log", node);
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

std::optional<std::string> read_text(const fs::path& file) {
  std::error_code ignored;
  std::ifstream in(file);
  // A directory opens, but cannot be read.
  if (!in || fs::is_directory(file, ignored)) return std::nullopt;
  std::ostringstream text;
  // That there is nothing to copy is a failure to the stream.
  if (!(text << in.rdbuf()) && !fs::is_empty(file, ignored)) return std::nullopt;
  return text.str();
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
  const auto text = read_text(file);
  if (!text) {
    throw Error(ErrorKind::Config, "cannot read the configuration file")
        .with("file", file.string())
        .remedy("check the path and its permissions");
  }
  return parse_config(file, *text, environ);
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
