#pragma once

#include <memory>
#include <string>
#include <vector>

#include "agent/config.hpp"
#include "agent/log.hpp"
#include "agent/options.hpp"
#include "core/stop_deadline.hpp"
#include "mapping/mapping_file.hpp"
#include "mapping/plan.hpp"
#include "pg/catalog.hpp"
#include "pg/connection_params.hpp"
#include "state/identity.hpp"
#include "state/layout.hpp"
#include "state/store.hpp"

namespace agent {

/// The configuration that the command line names, with its --log-level, and logging started. The first line of every command.
[[nodiscard]] Config configure(const Options& options, LogTo to = LogTo::Stderr);

[[nodiscard]] pg::ConnectionParams source_params(const Config& config);
[[nodiscard]] pg::ConnectionParams target_params(const Config& config);

/// Reads and parses mapping.yaml. Throws Error(Mapping), or Error(Config) when the file cannot be read.
[[nodiscard]] mapping::MappingFile read_mapping(const Config& config);
/// The schemas of the source, and those of the target, that a mapping names: what of the catalogs must be read.
[[nodiscard]] std::vector<std::string> source_schemas(const mapping::MappingFile& file);
[[nodiscard]] std::vector<std::string> target_schemas(const mapping::MappingFile& file);

/// What every command that moves or judges rows starts from: the mapping compiled against both databases, and who these are.
struct Environment {
  Config config;
  pg::ConnectionParams source;
  pg::ConnectionParams target;
  mapping::Plan plan;
  state::Layout layout;
  pg::ServerIdentity source_identity;
  pg::ServerIdentity target_identity;
  state::Identity identity;  ///< of the two, as the state directory remembers them
};

/// Connects to both ends, reads their catalogs and compiles the mapping. Throws Error(Source), Error(Target) or Error(Mapping).
/// With a `stop`, no connection to either end waits past it.
[[nodiscard]] Environment prepare(const Config& config, std::shared_ptr<const core::StopDeadline> stop = nullptr);

/// Makes the state directory if need be (for this user only) and opens the store in it. Throws Error(State), exit code 5, when another
/// agent holds it or when it belongs to another pair of databases.
[[nodiscard]] std::unique_ptr<state::Store> open_store(const Environment& environment);
/// The same for a look at what is there: null when there is no store yet, or when it was written under a mapping whose rows are stored
/// otherwise. Opening that one would empty it for a new snapshot, which is not for a look to do.
[[nodiscard]] std::unique_ptr<state::Store> open_store_to_look(const Environment& environment);

}  // namespace agent
