#include "agent/environment.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>

#include "agent/layout.hpp"
#include "core/error.hpp"
#include "mapping/compile.hpp"
#include "mapping/sql_text.hpp"
#include "mapping/yaml_source.hpp"
#include "pg/catalog.hpp"
#include "pg/session.hpp"

namespace agent {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

/// Holds the fingerprint of the layout that the store was last opened with.
fs::path layout_file(const Config& config) { return config.state_dir / "layout"; }

std::string read_layout_file(const Config& config) {
  std::ifstream in(layout_file(config));
  std::string fingerprint;
  std::getline(in, fingerprint);
  return fingerprint;
}

/// Written whole or not at all.
void write_layout_file(const Environment& environment) {
  if (read_layout_file(environment.config) == environment.layout.fingerprint) return;
  const fs::path fresh = layout_file(environment.config).concat(".new");
  std::ofstream out(fresh);
  out << environment.layout.fingerprint << '\n';
  out.close();
  std::error_code error;
  if (out) fs::rename(fresh, layout_file(environment.config), error);
  if (!out || error) {
    throw Error(ErrorKind::State, "cannot write into the state directory")
        .with("state_dir", environment.config.state_dir.string())
        .remedy("check its owner and the free space of its disk");
  }
}

std::vector<std::string> as_list(const std::set<std::string>& names) { return {names.begin(), names.end()}; }

}  // namespace

Config configure(const Options& options, LogTo to) {
  const Environ environ = process_environ();
  Config config = load_config(find_config_file(options.config_file, environ), environ);
  if (options.log_level) config.log.level = parse_log_level(*options.log_level).value_or(config.log.level);
  start_logging(config.log, to);
  return config;
}

pg::ConnectionParams source_params(const Config& config) {
  // A cutover makes the source read-only by default, for everybody else: marks and heartbeats go on.
  return pg::ConnectionParams::parse(pg::Side::Source, config.source.url)
      .with_setting("default_transaction_read_only", "off");
}

pg::ConnectionParams target_params(const Config& config) {
  return pg::ConnectionParams::parse(pg::Side::Target, config.target.url);
}

mapping::MappingFile read_mapping(const Config& config) {
  const auto text = read_text(config.mapping);
  if (!text) {
    throw Error(ErrorKind::Config, "cannot read the mapping")
        .with("file", config.mapping.string())
        .remedy("check `mapping` in " + config.file.string() + ": it is relative to that file");
  }
  return mapping::parse_mapping(config.mapping.string(), *text);
}

std::vector<std::string> source_schemas(const mapping::MappingFile& file) {
  std::set<std::string> schemas = {"public"};
  const auto add = [&schemas](const mapping::Scalar& table) {
    schemas.insert(mapping::parse_table_name(table.text).schema);
  };
  for (const mapping::Scalar& pattern : file.tables) add(pattern);
  for (const auto& [table, reason] : file.ignore) add(table);
  for (const mapping::RouteEntry& route : file.routes) {
    add(route.from);
    for (const mapping::JoinEntry& join : route.joins) add(join.from);
  }
  return as_list(schemas);
}

std::vector<std::string> target_schemas(const mapping::MappingFile& file) {
  std::set<std::string> schemas = {"public"};
  for (const mapping::RouteEntry& route : file.routes) schemas.insert(mapping::parse_table_name(route.to.text).schema);
  return as_list(schemas);
}

Environment prepare(const Config& config, std::shared_ptr<const core::StopDeadline> stop) {
  const mapping::MappingFile file = read_mapping(config);
  const pg::ConnectionParams source = source_params(config).with_stop(stop);
  const pg::ConnectionParams target = target_params(config).with_stop(std::move(stop));
  pg::Session source_session(source, "prepare");
  pg::Session target_session(target, "prepare");
  mapping::Plan plan = mapping::compile_or_throw(file, pg::read_catalog(source_session, source_schemas(file)),
                                                 pg::read_catalog(target_session, target_schemas(file)));
  state::Layout layout = layout_of(plan);
  pg::ServerIdentity source_identity = pg::read_identity(source_session);
  pg::ServerIdentity target_identity = pg::read_identity(target_session);
  state::Identity identity{.source_system_identifier = source_identity.system_identifier,
                           .source_database = source_identity.database,
                           .target_system_identifier = target_identity.system_identifier,
                           .target_database = target_identity.database,
                           .slot = config.source.slot,
                           .publication = config.source.publication};
  return {.config = config,
          .source = source,
          .target = target,
          .plan = std::move(plan),
          .layout = std::move(layout),
          .source_identity = std::move(source_identity),
          .target_identity = std::move(target_identity),
          .identity = std::move(identity)};
}

std::unique_ptr<state::Store> open_store(const Environment& environment) {
  const fs::path& directory = environment.config.state_dir;
  std::error_code error;
  if (fs::create_directories(directory, error)) fs::permissions(directory, fs::perms::owner_all, error);
  if (error) {
    throw Error(ErrorKind::State, "cannot make the state directory: " + error.message())
        .with("state_dir", directory.string())
        .remedy("make it for this user, or set state_dir in " + environment.config.file.string());
  }
  auto store = state::Store::open({.directory = directory}, environment.identity, environment.layout);
  write_layout_file(environment);
  return store;
}

std::unique_ptr<state::Store> open_store_to_look(const Environment& environment) {
  if (read_layout_file(environment.config) != environment.layout.fingerprint) return nullptr;
  return state::Store::open({.directory = environment.config.state_dir}, environment.identity, environment.layout);
}

}  // namespace agent
