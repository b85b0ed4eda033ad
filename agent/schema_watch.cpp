#include "agent/schema_watch.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;

std::string note_name(const mapping::SourceTable& table) { return table.name.schema + "." + table.name.name; }

std::string entity_note_name(const mapping::Entity& entity) { return "entity " + entity.name; }

std::string truncate_note_name(const mapping::SourceTable& table) { return "truncate " + note_name(table); }

/// What the ids of an entity are made of.
struct IdSource {
  core::Oid table;
  std::vector<std::string> columns;
  std::vector<std::int64_t> numbers;  ///< of these columns: they stay when one is renamed

  /// The same ids come of both: the same columns under whatever names, or a table made again with columns of the same names.
  [[nodiscard]] bool gives_the_ids_of(const IdSource& other) const {
    return (table == other.table && numbers == other.numbers) || columns == other.columns;
  }
};

IdSource id_source(const mapping::Plan& plan, const mapping::Entity& entity, const TableRecord& record) {
  IdSource source{record.oid, {}, {}};
  const mapping::Route& route = plan.route(entity.routes.front());
  for (const std::uint16_t position : route.key) {
    source.columns.push_back(plan.table(route.from).columns[position].name);
    const auto column = std::ranges::find(record.columns, source.columns.back(), &TableRecord::Column::name);
    source.numbers.push_back(column == record.columns.end() ? 0 : column->number);
  }
  return source;
}

std::string format(const IdSource& source) {
  return nlohmann::json{{"table", source.table.value}, {"columns", source.columns}, {"numbers", source.numbers}}.dump();
}

IdSource parse_id_source(const std::string& text) {
  try {
    const auto parsed = nlohmann::json::parse(text);
    return {core::Oid{parsed.at("table").get<std::uint32_t>()}, parsed.at("columns").get<std::vector<std::string>>(),
            parsed.at("numbers").get<std::vector<std::int64_t>>()};
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::State, "the state directory holds a damaged note on an entity")
        .remedy("remove the state directory: it is rebuilt by a differential snapshot");
  }
}

std::string list_of(const std::vector<std::string>& names) { return fmt::format("({})", fmt::join(names, ", ")); }

/// Ids made of something else would be given to rows that have theirs: each would be in the target twice.
std::optional<Error> ids_moved(const Environment& environment, const state::Store& store, const TableRecords& now) {
  const auto notes = store.schema_notes();
  for (const mapping::Entity& entity : environment.plan.entities) {
    const auto note = notes.find(entity_note_name(entity));
    const auto record = now.find(entity.table);
    if (note == notes.end() || record == now.end()) continue;
    const IdSource was = parse_id_source(note->second);
    const IdSource is = id_source(environment.plan, entity, record->second);
    if (is.gives_the_ids_of(was)) continue;
    return std::move(
        Error{ErrorKind::Refused,
              "the ids of an entity would be made of something else: rows that are in the target would "
              "come again under new ones"}
            .with("entity", entity.name)
            .with("table", record->second.name.display())
            .with("key_before", list_of(was.columns))
            .with("key_now", list_of(is.columns))
            .remedy("name the former columns as the route's `key` in mapping.yaml; to hand out new ids on purpose, "
                    "empty the target's tables and copy anew: see docs/checkpoint-decisions.md"));
  }
  return std::nullopt;
}

struct Comparison {
  std::map<core::TableId, std::string> moved;      ///< with what changed
  std::map<core::TableId, std::string> undecided;  ///< the same, unless the stream still tells a TRUNCATE
  TableRecords now;
};

bool was_told(const Environment& environment, const state::Store& store, core::TableId table, const TableRecord& before,
              const TableRecord& now) {
  const std::map<std::string, std::string> notes = store.schema_notes();
  const auto note = notes.find(truncate_note_name(environment.plan.table(table)));
  return note != notes.end() && is_told(before, now, note->second);
}

Comparison compare(const Environment& environment, const state::Store& store, pg::Session& source) {
  Comparison comparison;
  comparison.now = read_records(source, environment.plan);
  for (const auto& [table, before] : stored_records(environment, store)) {
    const auto now = comparison.now.find(table);
    if (now == comparison.now.end()) {
      comparison.moved.emplace(table, "the table was dropped");
    } else if (const auto change = silent_change(before, now->second, source)) {
      if (change->may_be_told && was_told(environment, store, table, before, now->second)) continue;
      (change->may_be_told ? comparison.undecided : comparison.moved).emplace(table, change->what);
    }
  }
  return comparison;
}

Error refusal(const Environment& environment, const std::map<core::TableId, std::string>& moved) {
  const auto& [first, change] = *moved.begin();
  const std::string name = environment.plan.table(first).name.display();
  Error error{ErrorKind::Refused, "the source changed in a way that the stream does not tell row by row"};
  error.with("table", name).with("change", change);
  if (moved.size() > 1) error.with("other_tables", std::to_string(moved.size() - 1));
  const std::string command = moved.size() > 1 ? "agent snapshot" : "agent snapshot --table " + name;
  return std::move(
      error.remedy("if mapping.yaml names what is no longer there, correct it (`agent check` tells); then run `" +
                   command + "`, which reads the rows again and writes what differs, and start the agent again"));
}

/// A table of which not all changes come in the stream. That it was so is kept: its rows must be read anew when it is so no more.
std::optional<Error> refuse_obstacle(const Environment& environment, state::Store& store, const TableRecords& stored,
                                     const TableRecords& now) {
  const auto found = std::ranges::find_if(now, [](const auto& entry) { return !entry.second.obstacle.what.empty(); });
  if (found == now.end()) return std::nullopt;
  TableRecords marked;
  for (const auto& [table, before] : stored) {
    const auto is = now.find(table);
    if (is == now.end() || is->second.obstacle.what.empty()) continue;
    marked.emplace(table, before).first->second.obstacle = is->second.obstacle;
  }
  store_records(environment, store, marked);
  const auto& [table, record] = *found;
  const std::string name = environment.plan.table(table).name.display();
  return refused_for(record.obstacle, name,
                     stored.contains(table)
                         ? "; then run `agent snapshot --table " + name + "` and start the agent again"
                         : "; then start the agent again");
}

}  // namespace

TableRecords stored_records(const Environment& environment, const state::Store& store) {
  const std::map<std::string, std::string> notes = store.schema_notes();
  TableRecords records;
  for (const mapping::SourceTable& table : environment.plan.tables) {
    const auto note = notes.find(note_name(table));
    if (note != notes.end()) records.emplace(table.id, parse_record(note->second));
  }
  return records;
}

void store_records(const Environment& environment, state::Store& store, const TableRecords& records) {
  if (records.empty()) return;
  std::map<std::string, std::string> notes;
  for (const auto& [table, record] : records) {
    notes.emplace(note_name(environment.plan.table(table)), format_record(record));
  }
  for (const mapping::Entity& entity : environment.plan.entities) {
    const auto record = records.find(entity.table);
    if (record == records.end()) continue;
    notes.emplace(entity_note_name(entity), format(id_source(environment.plan, entity, record->second)));
  }
  store.save_schema_notes(notes);
}

void note_truncate(state::Store& store, const mapping::SourceTable& table, std::uint32_t xid) {
  store.save_schema_notes({{truncate_note_name(table), std::to_string(xid)}});
}

std::optional<Error> look_at_schema(const Environment& environment, state::Store& store, pg::Session& source,
                                    const std::function<bool(core::TableId)>& is_read_anew,
                                    const std::function<bool(core::TableId, const TableRecord& now)>& has_passed) {
  Comparison comparison = compare(environment, store, source);
  if (auto error = ids_moved(environment, store, comparison.now)) return error;
  const TableRecords stored = stored_records(environment, store);
  if (auto error = refuse_obstacle(environment, store, stored, comparison.now)) return error;
  for (const auto& [table, change] : std::map{comparison.undecided}) {
    const TableRecord& now = comparison.now.at(table);
    if (!has_passed(table, now)) continue;
    comparison.undecided.erase(table);
    // What was noted since the comparison counts.
    if (!was_told(environment, store, table, stored.at(table), now)) comparison.moved.emplace(table, change);
  }
  std::erase_if(comparison.moved, [&](const auto& entry) { return is_read_anew(entry.first); });
  if (!comparison.moved.empty()) return refusal(environment, comparison.moved);
  // Harmless by itself, but the next change is judged from here on.
  TableRecords changed;
  for (const auto& [table, record] : comparison.now) {
    const auto before = stored.find(table);
    if (is_read_anew(table) || comparison.undecided.contains(table)) continue;
    if (before != stored.end() && before->second == record) continue;
    if (before != stored.end()) {
      spdlog::info("the source altered a table where that changes no row table={}",
                   environment.plan.table(table).name.display());
    }
    changed.emplace(table, record);
  }
  store_records(environment, store, changed);
  return std::nullopt;
}

std::vector<core::TableId> tables_moved(const Environment& environment, const state::Store& store,
                                        pg::Session& source) {
  std::vector<core::TableId> tables;
  const Comparison comparison = compare(environment, store, source);
  for (const auto& [table, change] : comparison.moved) tables.push_back(table);
  for (const auto& [table, change] : comparison.undecided) tables.push_back(table);
  return tables;
}

}  // namespace agent
