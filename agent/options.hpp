#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/lsn.hpp"

namespace agent {

/// The command line, parsed: what is common to all commands, then what each command adds. A command reads its own part.
struct Options {
  std::string config_file;               ///< --config; empty: looked up (find_config_file)
  std::optional<std::string> log_level;  ///< --log-level; replaces the configuration's
  bool as_json = false;                  ///< --json: the result is one JSON object on stdout, and nothing else is

  struct Snapshot {
    std::vector<std::string> tables;  ///< --table; empty: all
  } snapshot;

  struct Sync {
    bool until_current = false;          ///< --until-current
    std::optional<core::Lsn> until_lsn;  ///< --until-lsn
  } sync;

  struct Validate {
    std::vector<std::string> tables;  ///< --table; empty: all
    bool counts_only = false;         ///< --counts-only
    std::string report;               ///< --report; empty: none
    std::uint32_t max_load = 100;     ///< --max-load: percent of its time that each worker works
  } validate;

  struct Status {
    bool watch = false;  ///< --watch: again every second until interrupted
  } status;

  struct Repair {
    bool is_dry = false;         ///< --dry-run
    bool deletes_extra = false;  ///< --delete-extra
  } repair;

  struct Quarantine {
    enum class Action { List, Show, Retry, Discard } action = Action::List;
    std::string route;              ///< --route; empty: all
    std::vector<std::string> keys;  ///< legacy keys; empty: all, where the action allows it
    bool all = false;               ///< --all: discard everything that --route selects
    std::string reason;             ///< --reason of a discard
  } quarantine;

  struct Cutover {
    bool is_dry = false;        ///< --dry-run
    bool is_confirmed = false;  ///< --yes
    bool aborts = false;        ///< --abort
    bool validates_changed =
        false;  ///< --validate changed: only what was written to since the last validation of everything
  } cutover;

  struct Cleanup {
    bool is_dry = false;        ///< --dry-run
    bool is_confirmed = false;  ///< --yes
  } cleanup;

  struct Rollback {
    enum class Phase { Cleanup, Cutover, Snapshot } phase = Phase::Cleanup;
    bool is_dry = false;        ///< --dry-run
    bool is_confirmed = false;  ///< --yes
  } rollback;

  struct Mapping {
    enum class Action { Lookup, Export, Adopt } action = Action::Lookup;
    enum class Format { Csv, JsonLines } format = Format::Csv;  ///< --format of an export
    std::string entity;                                         ///< of a look-up; of an export, empty: all
    std::string key;
  } mapping;
};

}  // namespace agent
