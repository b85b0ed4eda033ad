#include "agent/fence_settings.hpp"

namespace agent {

cutover::FenceSettings fence_settings(const Config& config, const std::set<core::QualifiedName>& tables) {
  return {.method = config.cutover.fence,
          .fence_command = config.cutover.fence_command,
          .lift_command = config.cutover.lift_command,
          .limit = config.cutover.fence_timeout,
          .tables = {tables.begin(), tables.end()},
          .as_anybody = pg::ConnectionParams::parse(pg::Side::Source, config.source.url)};
}

cutover::FenceSettings fence_settings(const Environment& environment) {
  std::set<core::QualifiedName> tables;
  for (const mapping::SourceTable& table : environment.plan.tables) tables.insert(table.name);
  return fence_settings(environment.config, tables);
}

}  // namespace agent
