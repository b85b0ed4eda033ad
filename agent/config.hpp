#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cutover/fence_method.hpp"

namespace agent {

/// agent.yaml, checked and with defaults filled in. Paths are absolute. The URLs may hold passwords: never print a Config.
struct Config {
  std::filesystem::path file;  ///< where it was read from

  struct Source {
    std::string url;  ///< libpq URI or keyword string
    std::string publication = "dispatch_sync";
    std::string slot = "dispatch_sync";
  } source;

  struct Target {
    std::string url;
    std::string ledger_schema = "dispatch_sync";
  } target;

  std::filesystem::path mapping;
  std::filesystem::path state_dir = "/var/lib/dispatch-sync";

  struct Apply {
    std::uint32_t batch_rows = 2000;
    double max_quarantine = 0.005;  ///< share of a table's rows, 0 … 1
    std::uint32_t memory_mb = 64;   ///< of one transaction's rows, before they are written ahead of its end
  } apply;

  struct Snapshot {
    std::uint32_t workers = 2;
    std::uint32_t chunk_rows = 50000;
  } snapshot;

  struct Cutover {
    std::optional<::cutover::FenceMethod> fence;  ///< none: `auto`, the strongest that is possible
    std::vector<std::string> fence_command;       ///< program and arguments; empty exactly when lift_command is
    std::vector<std::string> lift_command;
    std::chrono::milliseconds max_lag{std::chrono::seconds{30}};  ///< beyond it the cutover does not begin
    std::chrono::milliseconds fence_timeout{
        std::chrono::seconds{30}};  ///< for the last session of before to end, and for a command
    std::chrono::milliseconds drain_timeout{
        std::chrono::seconds{60}};  ///< for what was written before to arrive, and for a moment to compare
  } cutover;

  struct Http {
    std::string host = "127.0.0.1";
    std::uint16_t port = 9187;
    bool enabled = true;  ///< `listen: off` turns it off
  } http;

  struct Log {
    enum class Level : std::uint8_t { Trace, Debug, Info, Warn, Error };
    enum class Format : std::uint8_t { Text, Json };
    Level level = Level::Info;
    std::optional<Format> format;  ///< none: text on a terminal and for the journal, JSON lines elsewhere
    std::filesystem::path dir;     ///< empty: no files
  } log;
};

/// Looks up an environment variable; nothing when it is not set or empty.
using Environ = std::function<std::optional<std::string>(const std::string& name)>;
/// The environment of this process.
[[nodiscard]] Environ process_environ();

/// The configuration file to use: `given` if not empty, else $AGENT_CONFIG, ./agent.yaml, /etc/dispatch-sync/agent.yaml.
/// Throws Error(Config) when there is none.
[[nodiscard]] std::filesystem::path find_config_file(const std::string& given, const Environ& environ);

/// All of a file, which may be empty. Nothing when it cannot be read.
[[nodiscard]] std::optional<std::string> read_text(const std::filesystem::path& file);

/// Reads and checks a configuration file. What replaces what, strongest first:
///
///   URLs       LEGACY_DATABASE_URL / SUPABASE_DB_URL · $CREDENTIALS_DIRECTORY/legacy_database_url, supabase_db_url
///              (systemd; an empty one counts for nothing) · the file
///   state_dir  $STATE_DIRECTORY (systemd; the first of several) · the file
///   log.dir    $LOGS_DIRECTORY (systemd; the first of several) · the file
///
/// Throws Error(Config) with file, line and column; never with a URL in its text.
[[nodiscard]] Config load_config(const std::filesystem::path& file, const Environ& environ);
/// The same from a text; `file` is what errors name and what relative paths start from.
[[nodiscard]] Config parse_config(const std::filesystem::path& file, const std::string& text, const Environ& environ);

[[nodiscard]] std::string_view to_string(Config::Log::Level level);
/// Nothing when it is no level: trace, debug, info, warn, error.
[[nodiscard]] std::optional<Config::Log::Level> parse_log_level(std::string_view text);

}  // namespace agent
