#include "agent/table_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string_view>

#include "agent/table_record_sql.hpp"
#include "core/array_literal.hpp"
#include "core/error.hpp"
#include "pg/quoting.hpp"
#include "pg/server_version.hpp"

namespace agent {

namespace {

using nlohmann::json;

core::Oid oid(const pg::Result& result, std::size_t row, std::size_t column) {
  return core::Oid{static_cast<std::uint32_t>(result.integer(row, column))};
}

std::string array_of(const std::vector<core::Oid>& oids) {
  std::string literal = "{";
  for (const core::Oid oid : oids) literal += (literal.size() > 1 ? "," : "") + std::to_string(oid.value);
  return literal += '}';
}

std::string filled(std::string_view text, std::string_view placeholder, std::string_view value) {
  std::string result{text};
  const std::size_t at = result.find(placeholder);
  return at == std::string::npos ? result : result.replace(at, placeholder.size(), value);
}

using Tables = std::span<const mapping::SourceTable>;

std::vector<TableRecord> read_tables(pg::Session& source, Tables wanted) {
  std::vector<std::string> schemas;
  std::vector<std::string> names;
  std::vector<core::Oid> oids;
  for (const mapping::SourceTable& table : wanted) {
    schemas.push_back(table.name.schema);
    names.push_back(table.name.name);
    oids.push_back(table.oid);
  }
  const pg::Result result =
      source.exec(table_record_sql::kTables, {core::text_array(schemas), core::text_array(names), array_of(oids)});
  std::vector<TableRecord> tables;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    TableRecord record;
    record.oid = oid(result, row, 0);
    record.name = {result.text(row, 1), result.text(row, 2)};
    record.storage = result.text(row, 3);
    tables.push_back(std::move(record));
  }
  return tables;
}

/// Per table: the record of its name, or of its oid.
TableRecords pick(const std::vector<TableRecord>& found, Tables wanted) {
  std::map<core::QualifiedName, const TableRecord*> by_name;
  std::map<core::Oid, const TableRecord*> by_oid;
  for (const TableRecord& record : found) {
    by_name.emplace(record.name, &record);
    by_oid.emplace(record.oid, &record);
  }
  TableRecords records;
  for (const mapping::SourceTable& table : wanted) {
    const auto named = by_name.find(table.name);
    const auto same = by_oid.find(table.oid);
    if (named != by_name.end()) {
      records.emplace(table.id, *named->second);
    } else if (same != by_oid.end()) {
      records.emplace(table.id, *same->second);
    }
  }
  return records;
}

std::vector<core::Oid> oids_of(const TableRecords& records) {
  std::vector<core::Oid> oids;
  for (const auto& [table, record] : records) oids.push_back(record.oid);
  return oids;
}

/// Several tables of the mapping may have one record: one found by its name, the other by its oid.
std::multimap<core::Oid, TableRecords::value_type*> by_oid(TableRecords& records) {
  std::multimap<core::Oid, TableRecords::value_type*> entries;
  for (auto& entry : records) entries.emplace(entry.second.oid, &entry);
  return entries;
}

void read_columns(pg::Session& source, Tables wanted, TableRecords& records) {
  std::map<core::TableId, std::set<std::string_view>> columns_read;
  for (const mapping::SourceTable& table : wanted) {
    for (const mapping::ImageColumn& column : table.columns) columns_read[table.id].insert(column.name);
  }
  const auto entries = by_oid(records);
  const bool has_missing_values = pg::ServerVersion{source.server_version()}.has_missing_values();
  const pg::Result result =
      source.exec(filled(table_record_sql::kColumns, "{has_missing}", has_missing_values ? "a.atthasmissing" : "false"),
                  {array_of(oids_of(records))});
  for (std::size_t row = 0; row < result.rows(); ++row) {
    const TableRecord::Column column{.name = result.text(row, 1),
                                     .number = result.integer(row, 2),
                                     .type = {oid(result, row, 3), static_cast<std::int32_t>(result.integer(row, 4))},
                                     .type_name = result.text(row, 6),
                                     .version = result.text(row, 5),
                                     .has_missing_value = result.is_true(row, 7)};
    const auto [first, last] = entries.equal_range(oid(result, row, 0));
    for (auto at = first; at != last; ++at) {
      auto& [table, record] = *at->second;
      if (columns_read[table].contains(column.name)) record.columns.push_back(column);
    }
  }
}

void read_leaves(pg::Session& source, TableRecords& records) {
  const auto entries = by_oid(records);
  const pg::Result result = source.exec(table_record_sql::kLeaves, {array_of(oids_of(records))});
  for (std::size_t row = 0; row < result.rows(); ++row) {
    const auto [first, last] = entries.equal_range(oid(result, row, 0));
    for (auto at = first; at != last; ++at) {
      at->second->second.leaves.push_back({.oid = oid(result, row, 1),
                                           .name = {result.text(row, 2), result.text(row, 3)},
                                           .storage = result.text(row, 4),
                                           .is_born_attached = result.is_true(row, 5),
                                           .attachments = result.text(row, 6),
                                           .version = result.text(row, 7)});
    }
  }
}

TableRecords read_all(pg::Session& source, Tables wanted) {
  TableRecords records = pick(read_tables(source, wanted), wanted);
  read_columns(source, wanted, records);
  read_leaves(source, records);
  const auto obstacles = read_obstacles(source, oids_of(records));
  for (auto& [table, record] : records) {
    const auto obstacle = obstacles.find(record.oid);
    if (obstacle != obstacles.end()) record.obstacle = obstacle->second;
  }
  return records;
}

TableRecord::Obstacle obstacle_of(const core::QualifiedName& found, bool is_child) {
  const std::string name = pg::quote_name(found);
  if (is_child) {
    return {
        .what = found.display() +
                " inherits from it: its rows are read as rows of this table, its changes come under its own name",
        .remedy = "ALTER TABLE " + name +
                  " NO INHERIT this table, and write routes of its own for it, or make a partitioned table of both"};
  }
  return {.what = found.display() + " is UNLOGGED: its changes are not in the log",
          .remedy = "ALTER TABLE " + name + " SET LOGGED"};
}

/// After TRUNCATE, VACUUM FULL, CLUSTER, or an ALTER that rewrites.
bool was_rewritten(const TableRecord& before, const TableRecord& now) {
  return before.storage != now.storage || std::ranges::any_of(before.leaves, [&](const TableRecord::Leaf& was) {
           const auto is = std::ranges::find(now.leaves, was.oid, &TableRecord::Leaf::oid);
           return is != now.leaves.end() && is->storage != was.storage;
         });
}

std::optional<std::string> column_change(const TableRecord& before, const TableRecord& now) {
  const bool is_rewritten = was_rewritten(before, now);
  for (const TableRecord::Column& was : before.columns) {
    const auto is = std::ranges::find(now.columns, was.name, &TableRecord::Column::name);
    if (is == now.columns.end()) return fmt::format("column {} was dropped or renamed", was.name);
    if (is->number != was.number) {
      return fmt::format("column {} is another one: it was dropped and added again, or columns were renamed", was.name);
    }
    if (!core::keeps_values(was.type, is->type)) {
      return fmt::format("column {} changed its type from {} to {}", was.name, was.type_name, is->type_name);
    }
    // Whether an ALTER … TYPE … USING of the same type computed new values cannot be told from one that did not.
    const bool is_filled_in = was.has_missing_value && !is->has_missing_value;
    if (is_rewritten && is->version != was.version && !is_filled_in) {
      return fmt::format("column {} was altered and the table rewritten: its values may be others", was.name);
    }
  }
  return std::nullopt;
}

/// Rows that a partition brought with it were never published as rows of its parent.
bool came_with_rows(const TableRecord::Leaf& leaf, pg::Session& source) {
  std::string query = "select exists (select from only " + pg::quote_name(leaf.name);
  // Born in the transaction that attached it: what was inserted in another one came through the parent.
  if (leaf.is_born_attached) {
    query += " where xmin = (select i.xmin from pg_catalog.pg_inherits i where i.inhrelid = " +
             std::to_string(leaf.oid.value) + ")";
  }
  try {
    return source.exec(query + ")").is_true(0, 0);
  } catch (const core::Error& error) {
    constexpr std::string_view kMayNotRead = "42501";  // rights on the parent do not reach its partitions
    if (error.sqlstate() != kMayNotRead) throw;
    return true;
  }
}

std::optional<SilentChange> leaf_change(const TableRecord& before, const TableRecord& now, pg::Session& source) {
  std::string rewritten;
  bool is_every_leaf_rewritten = true;
  for (const TableRecord::Leaf& was : before.leaves) {
    const auto is = std::ranges::find(now.leaves, was.oid, &TableRecord::Leaf::oid);
    if (is == now.leaves.end()) {
      return SilentChange{
          fmt::format("partition {} was detached or dropped, and its rows with it", was.name.display())};
    }
    if (!was.attachments.empty() && is->attachments != was.attachments) {
      return SilentChange{
          fmt::format("partition {} was detached and attached again, and may have other rows", is->name.display())};
    }
    if (is->storage == was.storage) {
      is_every_leaf_rewritten = false;
    } else if (rewritten.empty()) {
      rewritten = is->name.display();
    }
  }
  if (!rewritten.empty() && !is_every_leaf_rewritten) {
    return SilentChange{fmt::format("partition {} was truncated or rewritten by itself", rewritten)};
  }
  for (const TableRecord::Leaf& is : now.leaves) {
    const bool is_new = std::ranges::find(before.leaves, is.oid, &TableRecord::Leaf::oid) == before.leaves.end();
    if (is_new && came_with_rows(is, source)) {
      return SilentChange{
          fmt::format("partition {} was attached, and may have brought rows with it", is.name.display())};
    }
  }
  if (rewritten.empty()) return std::nullopt;
  return SilentChange{"all partitions were truncated or rewritten, and not by a TRUNCATE of the table", true};
}

}  // namespace

TableRecords read_records(pg::Session& source, const mapping::Plan& plan) { return read_all(source, plan.tables); }

std::optional<TableRecord> read_record(pg::Session& source, const mapping::SourceTable& table) {
  const TableRecords records = read_all(source, {&table, 1});
  if (records.empty()) return std::nullopt;
  return records.begin()->second;
}

std::map<core::Oid, TableRecord::Obstacle> read_obstacles(pg::Session& source, const std::vector<core::Oid>& tables) {
  const pg::Result result = source.exec(table_record_sql::kObstacles, {array_of(tables)});
  std::map<core::Oid, TableRecord::Obstacle> obstacles;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    obstacles.emplace(oid(result, row, 0),
                      obstacle_of({result.text(row, 1), result.text(row, 2)}, result.is_true(row, 3)));
  }
  return obstacles;
}

core::Error refused_for(const TableRecord::Obstacle& obstacle, const std::string& table, const std::string& then) {
  return std::move(core::Error{core::ErrorKind::Refused, "not all changes of a table come in the stream"}
                       .with("table", table)
                       .with("reason", obstacle.what)
                       .remedy(obstacle.remedy + then));
}

std::string format_record(const TableRecord& record) {
  json columns = json::array();
  for (const TableRecord::Column& column : record.columns) {
    columns.push_back({column.name, column.number, column.type.type.value, column.type.modifier, column.type_name,
                       column.version, column.has_missing_value});
  }
  json leaves = json::array();
  for (const TableRecord::Leaf& leaf : record.leaves) {
    leaves.push_back({leaf.oid.value, leaf.name.schema, leaf.name.name, leaf.storage, leaf.is_born_attached,
                      leaf.attachments, leaf.version});
  }
  return json{{"oid", record.oid.value},         {"schema", record.name.schema},  {"name", record.name.name},
              {"storage", record.storage},       {"columns", std::move(columns)}, {"leaves", std::move(leaves)},
              {"obstacle", record.obstacle.what}}
      .dump();
}

TableRecord parse_record(const std::string& text) {
  try {
    const json parsed = json::parse(text);
    TableRecord record;
    record.oid = core::Oid{parsed.at("oid").get<std::uint32_t>()};
    record.name = {parsed.at("schema").get<std::string>(), parsed.at("name").get<std::string>()};
    record.storage = parsed.at("storage").get<std::string>();
    record.obstacle.what = parsed.value("obstacle", std::string{});
    for (const json& column : parsed.at("columns")) {
      record.columns.push_back(
          {.name = column.at(0).get<std::string>(),
           .number = column.at(1).get<std::int64_t>(),
           .type = {core::Oid{column.at(2).get<std::uint32_t>()}, column.at(3).get<std::int32_t>()},
           .type_name = column.at(4).get<std::string>(),
           .version = column.at(5).get<std::string>(),
           .has_missing_value = column.at(6).get<bool>()});
    }
    for (const json& leaf : parsed.at("leaves")) {
      record.leaves.push_back({.oid = core::Oid{leaf.at(0).get<std::uint32_t>()},
                               .name = {leaf.at(1).get<std::string>(), leaf.at(2).get<std::string>()},
                               .storage = leaf.at(3).get<std::string>(),
                               .is_born_attached = leaf.at(4).get<bool>(),
                               .attachments = leaf.size() > 5 ? leaf.at(5).get<std::string>() : "",
                               .version = leaf.size() > 6 ? leaf.at(6).get<std::string>() : ""});
    }
    return record;
  } catch (const json::exception&) {
    throw core::Error(core::ErrorKind::State, "the state directory holds a damaged record of a source table")
        .remedy("remove the state directory: it is rebuilt by a differential snapshot");
  }
}

std::optional<SilentChange> silent_change(const TableRecord& before, const TableRecord& now, pg::Session& source) {
  if (now.oid != before.oid) return SilentChange{"the table was dropped or moved away, and another one has its name"};
  if (now.name != before.name) return SilentChange{"the table was renamed to " + now.name.display()};
  if (!before.obstacle.what.empty()) return SilentChange{"it was seen that " + before.obstacle.what};
  if (auto change = column_change(before, now)) return SilentChange{std::move(*change)};
  return leaf_change(before, now, source);
}

bool is_told(const TableRecord& before, const TableRecord& now, const std::string& truncated_by) {
  return std::ranges::all_of(now.leaves, [&](const TableRecord::Leaf& is) {
    const auto was = std::ranges::find(before.leaves, is.oid, &TableRecord::Leaf::oid);
    return was == before.leaves.end() || was->storage == is.storage || is.version == truncated_by;
  });
}

}  // namespace agent
