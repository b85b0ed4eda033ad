#include "mapping/route_checks.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "mapping/names.hpp"
#include "mapping/spelling.hpp"
#include "mapping/sql_text.hpp"
#include "mapping/target_key_text.hpp"

namespace mapping {

namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_mapped(const ResolvedRoute& route, const std::string& column) {
  return std::any_of(route.entry->columns.begin(), route.entry->columns.end(),
                     [&](const ColumnEntry& entry) { return parse_column_name(entry.name.text).name == column; });
}

void check_source_table(const core::CatalogTable& table, SourcePosition at, Findings& findings) {
  const std::string name = "source table '" + table.name.display() + "'";
  if (table.primary_key.empty()) {
    findings.error(at, name + " has no primary key", "add one: rows are told apart by it");
    return;
  }
  if (table.identity == core::ReplicaIdentity::Nothing) {
    findings.error(at, name + " has REPLICA IDENTITY NOTHING: its updates and deletes are not in the stream",
                   "ALTER TABLE … REPLICA IDENTITY DEFAULT");
  }
  const bool has_key = std::all_of(table.primary_key.begin(), table.primary_key.end(),
                                   [&](const std::string& column) { return contains(table.identity_key, column); });
  if (table.identity == core::ReplicaIdentity::Index && !has_key) {
    findings.error(at, "the replica identity of " + name + " does not contain its primary key",
                   "ALTER TABLE … REPLICA IDENTITY DEFAULT");
  }
}

void check_id(const ResolvedRoute& route, Findings& findings) {
  const RouteEntry& entry = *route.entry;
  if (!route.id_column) return;
  if (!route.entity) {
    findings.error(entry.at, "route '" + route.name + "' has no entity to mint its ids",
                   "add 'entity:', or 'id: null' with 'conflict:' for rows without a UUID of their own");
    return;
  }
  const SourcePosition at = entry.id ? entry.id->at : entry.to.at;
  const core::CatalogColumn* id = route.to->column(*route.id_column);
  if (id == nullptr) {
    const std::string hint = did_you_mean(*route.id_column, column_names(*route.to));
    findings.error(
        at, "the target table '" + route.to->name.display() + "' has no column '" + *route.id_column + "' for the id",
        hint.empty() ? "say which column takes it with 'id:'" : hint);
    return;
  }
  if (!is_uuid(*id) || id->is_generated) {
    findings.error(at,
                   "column '" + id->name + "' of '" + route.to->name.display() + "' cannot take a UUID: it is " +
                       (id->is_generated ? "generated" : id->type_name),
                   "say which column takes the id with 'id:'");
  }
  if (!route.to->has_unique_key({id->name})) {
    findings.error(at, "column '" + id->name + "' of '" + route.to->name.display() + "' is not unique",
                   "give it a primary key or unique constraint");
  }
}

void check_conflict(const ResolvedRoute& route, Findings& findings) {
  const RouteEntry& entry = *route.entry;
  if (!entry.has_no_id) {
    if (!entry.conflict.empty()) {
      findings.error(entry.conflict.front().at, "'conflict' is for routes without an id",
                     "add 'id: null', or remove 'conflict'");
    }
    return;
  }
  if (entry.entity) {
    findings.error(entry.entity->at, "a route with 'id: null' mints no ids", "remove 'entity', or remove 'id: null'");
  }
  if (entry.conflict.empty()) {
    findings.error(entry.at, "route '" + route.name + "' has neither an id nor 'conflict' columns",
                   "name the target columns that are its key in 'conflict'");
    return;
  }
  std::vector<std::string> key;
  for (const Scalar& name : entry.conflict) {
    const std::string column = parse_column_name(name.text).name;
    if (route.to->column(column) == nullptr) {
      findings.error(name.at, "the target table '" + route.to->name.display() + "' has no column '" + column + "'",
                     did_you_mean(column, column_names(*route.to)));
    } else if (!is_mapped(route, column)) {
      findings.error(name.at, "conflict column '" + column + "' is not given in 'columns'", "map it");
    } else if (contains(key, column)) {
      findings.error(name.at, "conflict column '" + column + "' is named twice", "remove one of the two");
    } else if (const core::CatalogColumn& key_column = *route.to->column(column);
               key_column.is_loosely_unique && !evens_out(key_column.base_type_name)) {
      findings.error(name.at,
                     "conflict column '" + column + "' of '" + route.to->name.display() + "' (" + key_column.type_name +
                         ") cannot tell rows apart: its unique key takes values for equal that read differently, and "
                         "they have no common form",
                     "name another unique key, or give the column a type whose equal values read alike (text of a "
                     "deterministic collation)");
    } else {
      key.push_back(column);
      if (!key_column.is_not_null) {
        findings.warning(name.at,
                         "conflict column '" + column + "' of '" + route.to->name.display() +
                             "' may be NULL: nothing tells rows with NULL there apart, and they are quarantined",
                         "give it an expression that is never NULL, and the target's column NOT NULL");
      }
    }
  }
  if (key.size() != entry.conflict.size()) return;
  std::vector<std::string> sorted = key;
  std::sort(sorted.begin(), sorted.end());
  const auto is_exactly = [&](std::vector<std::string> unique) {
    std::sort(unique.begin(), unique.end());
    return unique == sorted;
  };
  // ON CONFLICT infers an index over exactly these columns; one over fewer would not do.
  if (std::none_of(route.to->unique_keys.begin(), route.to->unique_keys.end(), is_exactly)) {
    findings.error(entry.conflict.front().at,
                   "'" + route.to->name.display() + "' has no unique key over exactly (" + joined(key) + ")",
                   "name the columns of its primary key or of a unique constraint");
  }
}

void check_not_null_columns(const ResolvedRoute& route, Findings& findings) {
  for (const core::CatalogColumn& column : route.to->columns) {
    if (!column.is_not_null || column.has_default || column.is_generated || route.id_column == column.name) continue;
    if (is_mapped(route, column.name)) continue;
    findings.error(route.entry->at,
                   "column '" + column.name + "' of '" + route.to->name.display() +
                       "' is NOT NULL without a default, but route '" + route.name + "' does not give it",
                   "add it to 'columns'");
  }
}

void check_set_on_delete(const ResolvedRoute& route, Findings& findings) {
  for (const ResolvedColumn& column : route.set_on_delete) {
    if (is_mapped(route, column.target->name)) continue;
    findings.warning(
        column.entry->name.at,
        "'on_delete' sets column '" + column.target->name + "' of '" + route.to->name.display() + "', but route '" +
            route.name +
            "' does not map it: a row that comes back on the source, or is parked for a while, keeps what was set",
        "map it in 'columns' with the value of rows that are there, such as " + column.target->name + ": \"false\"");
  }
}

/// One TRUNCATE means the same to all routes of its table: rows have a place in all of them or in none.
void check_truncates(const ResolvedMapping& mapping, Findings& findings) {
  std::map<core::QualifiedName, const ResolvedRoute*> first_routes;
  for (const ResolvedRoute& route : mapping.routes) {
    const OnTruncate on_truncate = route.entry->on_truncate;
    if (on_truncate == OnTruncate::Stop) continue;
    const ResolvedRoute* first = first_routes.emplace(route.from->name, &route).first->second;
    if (first->entry->on_truncate == on_truncate) continue;
    const bool keeps = on_truncate == OnTruncate::Keep;
    findings.error(route.entry->at,
                   "route '" + route.name + "' says 'on_truncate: " + (keeps ? "keep" : "delete") + "', but route '" +
                       first->name + "' (line " + std::to_string(first->entry->at.line) +
                       ") of the same source table '" + route.from->name.display() + "' says '" +
                       (keeps ? "delete" : "keep") + "': a TRUNCATE would remove the rows of both",
                   "give all routes of the table the same 'on_truncate' ('delete' where none is written)");
  }
}

}  // namespace

void check_routes(const ResolvedMapping& mapping, Findings& findings) {
  std::map<std::string, SourcePosition> names;
  std::set<std::tuple<std::size_t, core::QualifiedName>> destinations;
  std::set<core::QualifiedName> checked;
  const auto check_once = [&](const core::CatalogTable& table, SourcePosition at) {
    if (checked.insert(table.name).second) check_source_table(table, at, findings);
  };
  for (const ResolvedRoute& route : mapping.routes) {
    const RouteEntry& entry = *route.entry;
    if (!names.emplace(route.name, entry.at).second) {
      findings.error(entry.name ? entry.name->at : entry.to.at, "there are two routes called '" + route.name + "'",
                     "give one of them another 'name:'");
    }
    if (route.entity && !destinations.emplace(*route.entity, route.to->name).second) {
      findings.error(entry.entity->at,
                     "two routes write entity '" + mapping.entities[*route.entity].name + "' to '" +
                         route.to->name.display() + "'",
                     "they would overwrite each other's rows: give one of them an entity of its own");
    }
    check_once(*route.from, entry.from.at);
    for (const ResolvedJoin& join : route.joins) check_once(*join.table, join.entry->from.at);
    check_id(route, findings);
    check_conflict(route, findings);
    check_not_null_columns(route, findings);
    check_set_on_delete(route, findings);
  }
  check_truncates(mapping, findings);
}

void check_rest(const MappingFile& file, const ResolvedMapping& mapping, const core::Catalog& target,
                Findings& findings) {
  for (const auto& [table_name, columns] : file.cleanup.drop_columns) {
    const core::CatalogTable* table = target.table(parse_table_name(table_name.text));
    if (table == nullptr) {
      findings.error(table_name.at, "the target has no table '" + table_name.text + "'",
                     did_you_mean(table_name.text, table_names(target)));
      continue;
    }
    for (const Scalar& column : columns) {
      // A warning: after cleanup the column is gone, and that is right.
      if (table->column(column.text) == nullptr) {
        findings.warning(column.at, "'" + table_name.text + "' has no column '" + column.text + "' to drop",
                         did_you_mean(column.text, column_names(*table)));
      }
      for (const ResolvedRoute& route : mapping.routes) {
        if (route.to != table || (!is_mapped(route, column.text) && route.id_column != column.text)) continue;
        findings.error(column.at,
                       "cleanup would drop column '" + column.text + "', which route '" + route.name + "' writes",
                       "remove it from 'drop_columns' or from the route");
      }
    }
  }
  std::set<std::string> names;
  for (const ReconcileEntry& entry : file.reconcile) {
    if (!names.insert(entry.name.text).second) {
      findings.error(entry.name.at, "there are two reconcile entries called '" + entry.name.text + "'");
    }
  }
}

}  // namespace mapping
