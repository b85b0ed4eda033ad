#include "agent/commands/mapping.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "agent/adoption.hpp"
#include "agent/adoption_conflicts.hpp"
#include "agent/cutover_run.hpp"
#include "agent/environment.hpp"
#include "agent/exit_code.hpp"
#include "agent/ledger_query.hpp"
#include "agent/name_list.hpp"
#include "agent/start_position.hpp"
#include "apply/ledger.hpp"
#include "core/error.hpp"
#include "core/uuid.hpp"
#include "mapping/mapping_file.hpp"
#include "mapping/spelling.hpp"
#include "pg/copy_text.hpp"
#include "pg/quoting.hpp"
#include "pg/session.hpp"
#include "state/store.hpp"

namespace agent::commands::mapping {

namespace {

using Action = Options::Mapping::Action;
using Format = Options::Mapping::Format;

constexpr const char* kMappings = "migration_mappings";

void require_entity(const ::mapping::MappingFile& file, const std::string& entity) {
  std::set<std::string> names;
  for (const ::mapping::EntityEntry& entry : file.entities) names.insert(entry.name.text);
  for (const ::mapping::RouteEntry& route : file.routes) {
    if (route.entity) names.insert(route.entity->text);
  }
  if (names.contains(entity)) return;
  const std::vector<std::string> list(names.begin(), names.end());
  std::string remedy = ::mapping::did_you_mean(entity, list);
  if (remedy.empty()) remedy = "entities are: " + name_list(list, 40);
  throw core::Error(core::ErrorKind::Usage, "the mapping has no entity \"" + entity + "\"").remedy(remedy);
}

/// The id map as the target has it: right for every migrated key at any time, whether an agent runs or not.
int lookup(const Config& config, const Options& options) {
  const Options::Mapping& part = options.mapping;
  const ::mapping::MappingFile file = read_mapping(config);
  require_entity(file, part.entity);

  std::string uuid = core::uuid_v5(file.name_space, part.entity + ":" + part.key).to_string();
  bool is_adopted = false;
  bool is_migrated = false;
  pg::Session target(target_params(config), "mapping");
  if (has_ledger_table(target, config.target.ledger_schema, kMappings)) {
    const pg::Result result =
        target.exec("select uuid, adopted from " + ledger_table(config.target.ledger_schema, kMappings) +
                        " where entity = $1 and legacy_key = $2",
                    {std::string_view{part.entity}, std::string_view{part.key}});
    if (result.rows() > 0) {
      is_migrated = true;
      uuid = result.text(0, 0);
      is_adopted = result.is_true(0, 1);
    }
  }
  if (options.as_json) {
    std::cout << nlohmann::ordered_json{{"entity", part.entity},
                                        {"legacy_key", part.key},
                                        {"uuid", uuid},
                                        {"adopted", is_adopted},
                                        {"migrated", is_migrated}}
                     .dump(2)
              << '\n';
  } else if (is_migrated) {
    std::cout << uuid << '\n';
  } else {
    std::cerr << fmt::format("{} {} is not in the target; it would get {}\n", part.entity, part.key, uuid);
  }
  return to_int(is_migrated ? ExitCode::Done : ExitCode::Found);
}

/// Streams the whole map: it may have millions of lines.
int write_export(const Config& config, const Options& options) {
  const Options::Mapping& part = options.mapping;
  if (!part.entity.empty()) require_entity(read_mapping(config), part.entity);
  pg::Session target(target_params(config), "mapping");
  const bool is_csv = part.format == Format::Csv && !options.as_json;
  const std::string& schema = config.target.ledger_schema;
  std::uint64_t count = 0;
  if (options.as_json) std::cout << "{\"mappings\":[";
  if (has_ledger_table(target, schema, kMappings)) {
    const std::string columns = is_csv ? "entity, legacy_key, uuid, adopted"
                                       : "pg_catalog.json_build_object('entity', entity, 'legacy_key', legacy_key, "
                                         "'uuid', uuid, 'adopted', adopted)::pg_catalog.text";
    std::string query = "copy (select " + columns + " from " + ledger_table(schema, kMappings);
    if (!part.entity.empty()) query += " where entity = " + pg::quote_literal(part.entity);
    query += " order by entity, legacy_key) to stdout";
    target.copy_out_begin(query + (is_csv ? " (format csv, header)" : ""));
    while (const auto line = target.copy_out_row()) {
      if (is_csv) {
        std::cout << *line;
      } else {
        const core::Row row = pg::decode_copy_line(*line, 1);
        if (options.as_json) std::cout << (count == 0 ? "\n" : ",\n");
        std::cout << row[0].text;
        if (!options.as_json) std::cout << '\n';
      }
      ++count;
    }
  } else if (is_csv) {
    std::cout << "entity,legacy_key,uuid,adopted\n";
  }
  if (options.as_json) std::cout << "]}\n";
  std::cout.flush();
  if (!std::cout)
    throw core::Error(core::ErrorKind::Usage, "cannot write the export to stdout").remedy("is the disk full?");
  return to_int(ExitCode::Done);
}

int adopt(const Config& config, const Options& options) {
  require_not_switched(config);
  const Environment environment = prepare(config);
  const auto store = open_store(environment);
  apply::Ledger ledger{config.target.ledger_schema, config.source.slot};
  pg::Session target(environment.target, "adopt");
  refuse_conflicting_adoption(environment, *store, target);
  ledger.create(target, environment.plan);
  take_checkpoint(environment, *store, target, ledger, GoesBy::LocalState);
  adopt_ids(environment, *store, ledger, "mapping adopt");

  nlohmann::ordered_json counts = nlohmann::ordered_json::array();
  for (const ::mapping::Entity& entity : environment.plan.entities) {
    if (entity.adopt.empty()) continue;
    std::size_t keys = 0;
    store->for_each_adopted(entity.id,
                            [&keys](const core::RowKey&, const core::Uuid&, const core::RowKey&) { ++keys; });
    counts.push_back({{"entity", entity.name}, {"keys", keys}});
  }
  if (options.as_json) {
    std::cout << nlohmann::ordered_json{{"adopted", counts}}.dump(2) << '\n';
  } else {
    for (const auto& count : counts) {
      std::cout << fmt::format("{}: {} keys have adopted ids\n", count["entity"].get<std::string>(),
                               count["keys"].get<std::size_t>());
    }
    if (counts.empty()) std::cout << "the mapping adopts nothing\n";
  }
  return to_int(ExitCode::Done);
}

}  // namespace

void declare(CLI::App& app, Options& options) {
  Options::Mapping& part = options.mapping;
  app.require_subcommand(1);
  const auto action = [&app, &part](const char* name, const char* summary, Action value) {
    CLI::App* sub = app.add_subcommand(name, summary);
    sub->fallthrough();
    sub->parse_complete_callback([&part, value] { part.action = value; });
    return sub;
  };
  CLI::App* lookup = action("lookup", "The UUID of a legacy key", Action::Lookup);
  lookup->add_option("ENTITY", part.entity, "Entity of the mapping")->required();
  lookup->add_option("KEY", part.key, "Legacy key; the parts of a composite one joined with ','")->required();
  lookup->footer("Exit code 1 when the key is not in the target.");

  CLI::App* write = action("export", "The whole id map, to stdout", Action::Export);
  write->add_option("ENTITY", part.entity, "Only this entity");
  write->add_option("--format", part.format, "csv (default) or jsonl, an object per line")
      ->type_name("FORMAT")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, Format>{{"csv", Format::Csv}, {"jsonl", Format::JsonLines}}));

  action("adopt", "Reads the adopt: queries again; needs the state directory, so no agent may run", Action::Adopt)
      ->footer("Refused (exit code 6) while rows are in the target under other ids than those to adopt.");
}

int run(const Options& options) {
  const Config config = configure(options);
  switch (options.mapping.action) {
    case Action::Lookup: return lookup(config, options);
    case Action::Export: return write_export(config, options);
    case Action::Adopt: return adopt(config, options);
  }
  return to_int(ExitCode::Wrong);
}

}  // namespace agent::commands::mapping
