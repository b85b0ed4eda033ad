#include "agent/preflight.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "agent/control_socket.hpp"
#include "agent/environment.hpp"
#include "agent/expression_preflight.hpp"
#include "agent/ledger_query.hpp"
#include "agent/mapping_change.hpp"
#include "agent/source_preflight.hpp"
#include "agent/target_preflight.hpp"
#include "core/catalog.hpp"
#include "mapping/compile.hpp"
#include "mapping/sql_text.hpp"
#include "pg/catalog.hpp"
#include "pg/replication_connection.hpp"
#include "pg/session.hpp"
#include "replication/timeline.hpp"

namespace agent {

namespace {

/// An end of the road: its session, or why there is none.
struct End {
  std::optional<pg::Session> session;
  std::optional<core::Error> failure;
};

Finding finding_of(const core::Error& error, Area area) {
  std::string message = error.message();
  if (!error.sqlstate().empty()) message += " (SQLSTATE " + error.sqlstate() + ")";
  for (const auto& [name, value] : error.context()) message += " " + name + "=" + value;
  return {
      .severity = Severity::Error, .area = area, .message = std::move(message), .remedy = error.remedy(), .file = {}};
}

/// The usual port of poolers in transaction mode, which keep no session: nothing that is found through one would mean anything.
bool is_pooler_port(const pg::ConnectionParams& params) { return params.port() == "6543"; }

End connect(const pg::ConnectionParams& params, Area area, std::vector<Finding>& findings) {
  End end;
  if (is_pooler_port(params)) {
    findings.push_back(
        {.severity = Severity::Error,
         .area = area,
         .message = "port 6543 is a pooler in transaction mode, which can neither replicate nor keep settings, "
                    "temporary tables and locks",
         .remedy = "give the port of the server itself, usually 5432, in " + std::string(to_string(area)) + ".url",
         .file = {}});
    return end;
  }
  try {
    end.session.emplace(params, "check");
  } catch (const core::Error& error) {
    findings.push_back(finding_of(error, area));
    end.failure = error;
  }
  return end;
}

std::set<core::QualifiedName> source_tables(const mapping::MappingFile& file, const core::Catalog& catalog) {
  std::set<core::QualifiedName> tables;
  const auto add = [&](const mapping::Scalar& name) {
    const core::QualifiedName table = mapping::parse_table_name(name.text);
    if (catalog.table(table) != nullptr) tables.insert(table);
  };
  for (const mapping::RouteEntry& route : file.routes) {
    add(route.from);
    for (const mapping::JoinEntry& join : route.joins) add(join.from);
  }
  return tables;
}

std::set<core::QualifiedName> target_tables(const mapping::MappingFile& file, const core::Catalog& catalog) {
  std::set<core::QualifiedName> tables;
  for (const mapping::RouteEntry& route : file.routes) {
    const core::QualifiedName table = mapping::parse_table_name(route.to.text);
    if (catalog.table(table) != nullptr) tables.insert(table);
  }
  return tables;
}

void append(std::vector<Finding>& findings, std::vector<Finding> more) {
  findings.insert(findings.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

void judge_mapping(const mapping::MappingFile& file, const core::Catalog& source, const core::Catalog& target,
                   pg::Session& target_session, std::vector<Finding>& findings) {
  const mapping::Compilation compilation = mapping::compile(file, source, target);
  bool is_usable = true;
  for (const mapping::Finding& finding : compilation.findings) {
    const bool is_error = finding.severity == mapping::Finding::Severity::Error;
    is_usable = is_usable && !is_error;
    findings.push_back({.severity = is_error ? Severity::Error : Severity::Warning,
                        .area = Area::Mapping,
                        .message = finding.message,
                        .remedy = finding.remedy,
                        .file = file.path,
                        .line = finding.at.line,
                        .column = finding.at.column});
  }
  append(findings, judge_functions(file, target_session));
  // A plan with errors says too little: the server's complaints would only repeat them.
  if (is_usable) append(findings, judge_expressions(file, compilation.plan, target_session));
}

/// What the target says of this slot's checkpoint. Nothing: it could not say, and whether there is one is not known.
using CheckpointAnswer = std::optional<std::optional<apply::Checkpoint>>;

CheckpointAnswer read_checkpoint(const Config& config, pg::Session& target, std::vector<Finding>& findings) {
  try {
    return find_checkpoint(target, config.target.ledger_schema, config.source.slot);
  } catch (const core::Error& error) {
    if (target.is_broken()) throw;
    findings.push_back(finding_of(error, Area::Target));
    return std::nullopt;
  }
}

/// The checkpoint that the target has for this slot must be of this source.
void judge_checkpoint(const Config& config, const apply::Checkpoint& checkpoint, pg::Session& source,
                      std::vector<Finding>& findings) {
  const pg::ServerIdentity identity = pg::read_identity(source);
  if (checkpoint.source.system_identifier != identity.system_identifier ||
      checkpoint.source.database != identity.database) {
    findings.push_back({.severity = Severity::Error,
                        .area = Area::Source,
                        .message = "the target is synced from another database: its checkpoint names system " +
                                   checkpoint.source.system_identifier + ", database " + checkpoint.source.database +
                                   "; this source is system " + identity.system_identifier + ", database " +
                                   identity.database,
                        .remedy = "point source.url at the former, or use another target or target.ledger_schema",
                        .file = {}});
  } else if (checkpoint.source.timeline != identity.timeline) {
    try {
      pg::ReplicationConnection connection{source_params(config), "history"};
      replication::require_same_history(connection, checkpoint.source, checkpoint.applied, config.source.slot);
    } catch (const core::Error& error) {
      findings.push_back(finding_of(error, Area::Source));
    }
  }
}

/// What the next start will do for a mapping that is another one than that of the last run.
void judge_mapping_change(const Config& config, const mapping::MappingFile& file, const core::Catalog& source,
                          const core::Catalog& target, const apply::Checkpoint& checkpoint,
                          std::vector<Finding>& findings) {
  const mapping::Compilation compilation = mapping::compile(file, source, target);
  if (compilation.has_errors()) return;
  try {
    const MappingChange change = mapping_change(compilation.plan, checkpoint.mapping);
    if (change.is_empty()) return;
    findings.push_back({.severity = Severity::Info,
                        .area = Area::Mapping,
                        .message = "the mapping has changed since the last run: " + change.describe(),
                        .remedy = "`agent run` compares the rows of these routes and writes those that differ" +
                                  std::string(change.removed.empty() ? "" : "; rows of routes that were removed stay"),
                        .file = config.mapping.string()});
  } catch (const core::Error& error) {
    findings.push_back(finding_of(error, Area::Mapping));
  }
}

bool is_agent_running(const Config& config) {
  try {
    return ask_agent(config.state_dir, {{"command", "status"}}, std::chrono::seconds(2)).has_value();
  } catch (const core::Error&) {
    return true;  // somebody is there, well or not
  }
}

}  // namespace

Preflight run_preflight(const Config& config) {
  const mapping::MappingFile file = read_mapping(config);
  const pg::ConnectionParams source_at = source_params(config);
  const pg::ConnectionParams target_at = target_params(config);

  Preflight result;
  End source = connect(source_at, Area::Source, result.findings);
  End target = connect(target_at, Area::Target, result.findings);
  result.source_failure = source.failure;
  result.target_failure = target.failure;

  std::optional<core::Catalog> source_catalog;
  std::optional<core::Catalog> target_catalog;
  if (source.session) source_catalog = pg::read_catalog(*source.session, source_schemas(file));
  if (target.session) target_catalog = pg::read_catalog(*target.session, target_schemas(file));

  if (source_catalog && target_catalog)
    judge_mapping(file, *source_catalog, *target_catalog, *target.session, result.findings);
  CheckpointAnswer answer;
  if (target.session) answer = read_checkpoint(config, *target.session, result.findings);
  const std::optional<apply::Checkpoint> checkpoint = answer.value_or(std::nullopt);
  if (checkpoint && source.session) judge_checkpoint(config, *checkpoint, *source.session, result.findings);
  if (checkpoint && source_catalog && target_catalog)
    judge_mapping_change(config, file, *source_catalog, *target_catalog, *checkpoint, result.findings);
  if (source_catalog) {
    append(result.findings, inspect_source({.session = *source.session,
                                            .config = config,
                                            .catalog = *source_catalog,
                                            .tables = source_tables(file, *source_catalog),
                                            .checkpoint = checkpoint,
                                            .is_checkpoint_known = answer.has_value(),
                                            .has_running_agent = is_agent_running(config)}));
  }
  if (target_catalog) {
    std::vector<std::string> keep_disabled;
    for (const mapping::Scalar& name : file.settle.keep_disabled) keep_disabled.push_back(name.text);
    append(result.findings, inspect_target({.session = *target.session,
                                            .config = config,
                                            .catalog = *target_catalog,
                                            .tables = target_tables(file, *target_catalog),
                                            .keep_disabled = std::move(keep_disabled)}));
  }
  return result;
}

}  // namespace agent
