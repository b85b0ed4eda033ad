#include "mapping/scope.hpp"

#include <map>
#include <set>
#include <string_view>

#include "mapping/names.hpp"
#include "mapping/spelling.hpp"
#include "mapping/sql_text.hpp"

namespace mapping {

namespace {

// `*` stands for any run of characters, `?` for one.
bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    for (std::size_t skip = 0; skip <= name.size(); ++skip) {
      if (matches(pattern.substr(1), name.substr(skip))) return true;
    }
    return false;
  }
  return !name.empty() && (pattern.front() == '?' || pattern.front() == name.front()) &&
         matches(pattern.substr(1), name.substr(1));
}

bool matches(const core::QualifiedName& pattern, const core::QualifiedName& name) {
  return matches(std::string_view(pattern.schema), name.schema) && matches(std::string_view(pattern.name), name.name);
}

using Uses = std::map<core::QualifiedName, SourcePosition>;

// Every table that is read, with the first place that says so.
Uses tables_read(const ResolvedMapping& mapping) {
  Uses uses;
  for (const ResolvedRoute& route : mapping.routes) {
    uses.emplace(route.from->name, route.entry->from.at);
    for (const ResolvedJoin& join : route.joins) uses.emplace(join.table->name, join.entry->from.at);
  }
  return uses;
}

// Also what a route would read if the rest of it could be resolved: a second error about it helps nobody.
std::set<core::QualifiedName> tables_named(const MappingFile& file) {
  std::set<core::QualifiedName> names;
  for (const RouteEntry& route : file.routes) {
    names.insert(parse_table_name(route.from.text));
    for (const JoinEntry& join : route.joins) names.insert(parse_table_name(join.from.text));
  }
  return names;
}

std::set<core::QualifiedName> tables_in_scope(const MappingFile& file, const core::Catalog& source,
                                              Findings& findings) {
  std::set<core::QualifiedName> scope;
  const auto add = [&](const core::QualifiedName& pattern) {
    bool found = false;
    for (const auto& [name, table] : source.tables) {
      if ((table.kind != 'r' && table.kind != 'p') || table.is_partition || !matches(pattern, name)) continue;
      scope.insert(name);
      found = true;
    }
    return found;
  };
  if (file.tables.empty()) add({"public", "*"});
  for (const Scalar& pattern : file.tables) {
    if (!add(parse_table_name(pattern.text))) {
      findings.warning(pattern.at, "'" + pattern.text + "' matches no table of the source",
                       did_you_mean(pattern.text, table_names(source)));
    }
  }
  return scope;
}

}  // namespace

void check_scope(const MappingFile& file, const ResolvedMapping& mapping, const core::Catalog& source,
                 Findings& findings) {
  const std::set<core::QualifiedName> scope = tables_in_scope(file, source, findings);
  const Uses read = tables_read(mapping);
  const std::set<core::QualifiedName> named = tables_named(file);

  std::set<core::QualifiedName> ignored;
  for (const auto& [pattern, reason] : file.ignore) {
    const core::QualifiedName wanted = parse_table_name(pattern.text);
    bool found = false;
    for (const core::QualifiedName& name : scope) {
      if (!matches(wanted, name)) continue;
      found = true;
      ignored.insert(name);
      if (read.contains(name)) {
        findings.error(pattern.at, "'" + name.display() + "' is ignored, but a route reads it",
                       "remove it from 'ignore', or remove the route or join");
      }
    }
    if (!found) {
      findings.warning(pattern.at, "'" + pattern.text + "' in 'ignore' matches no table in scope",
                       did_you_mean(pattern.text, table_names(source)));
    }
  }

  const SourcePosition scope_at = file.tables.empty() ? SourcePosition{1, 1} : file.tables.front().at;
  for (const core::QualifiedName& name : scope) {
    if (named.contains(name) || ignored.contains(name)) continue;
    findings.error(scope_at,
                   "source table '" + name.display() + "' is in scope, but neither routed, joined nor ignored",
                   "add a route for it, or name it in 'ignore' with the reason");
  }
  for (const auto& [name, at] : read) {
    if (scope.contains(name)) continue;
    findings.error(at, "source table '" + name.display() + "' is read, but not in scope", "add it to 'tables'");
  }
}

}  // namespace mapping
