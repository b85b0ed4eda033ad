#include "mapping/join_plan.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace mapping {

namespace {

struct Match {
  std::uint16_t find = 0;
  Operand on;
};

bool is_permutation_of_key(std::vector<std::uint16_t> columns, std::size_t key_size) {
  std::sort(columns.begin(), columns.end());
  if (columns.size() != key_size) return false;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] != i) return false;
  }
  return true;
}

// Every column of the join that anything of the route reads; also those that it is found by, since a change of theirs
// changes who sees the row.
std::vector<std::uint16_t> columns_used(const ResolvedRoute& route, std::size_t position, TableImages& images,
                                        const std::vector<std::uint16_t>& find) {
  std::set<std::uint16_t> used(find.begin(), find.end());
  const auto add = [&](const std::vector<NamedColumn>& columns) {
    for (const NamedColumn& column : columns) {
      if (column.join == static_cast<std::int16_t>(position)) used.insert(images.operand(route, column).column);
    }
  };
  for (const ResolvedJoin& join : route.joins) add(join.on);
  for (const ResolvedRef& ref : route.refs) add(ref.key);
  if (route.where) add(route.where->reads);
  for (const ResolvedColumn& column : route.columns) add(column.expression.reads);
  return {used.begin(), used.end()};
}

}  // namespace

Join plan_join(const ResolvedRoute& route, std::size_t position, TableImages& images) {
  const ResolvedJoin& resolved = route.joins[position];
  Join join;
  join.alias = resolved.entry->alias.text;
  join.table = images.id(*resolved.table);
  join.from = resolved.from;
  join.is_many = resolved.entry->is_many;
  join.is_static = resolved.entry->is_static;

  const core::TableId from_table = images.id(route.table_of(resolved.from));
  std::vector<Match> matches;
  for (std::size_t i = 0; i < resolved.find.size(); ++i) {
    matches.push_back({images.position(join.table, resolved.find[i]), images.operand(route, resolved.on[i])});
  }
  // A primary key is found without an index, but only in its own order. The joined side is looked up far more often.
  std::vector<std::uint16_t> find;
  std::vector<std::uint16_t> on;
  for (const Match& match : matches) {
    find.push_back(match.find);
    on.push_back(match.on.column);
  }
  if (is_permutation_of_key(find, images.key_size(join.table))) {
    std::sort(matches.begin(), matches.end(), [](const Match& l, const Match& r) { return l.find < r.find; });
  } else if (is_permutation_of_key(on, images.key_size(from_table))) {
    std::sort(matches.begin(), matches.end(), [](const Match& l, const Match& r) { return l.on < r.on; });
  }
  find.clear();
  on.clear();
  for (const Match& match : matches) {
    find.push_back(match.find);
    on.push_back(match.on.column);
    join.on.push_back(match.on);
  }
  join.used = columns_used(route, position, images, find);
  join.find = images.access(join.table, std::move(find));
  join.seen_by = images.access(from_table, std::move(on));
  return join;
}

Ref plan_ref(const ResolvedRoute& route, const ResolvedRef& resolved, TableImages& images) {
  Ref ref;
  ref.entity = core::EntityId{static_cast<std::uint16_t>(resolved.entity)};
  ref.from = resolved.from;
  ref.at = resolved.at;
  std::vector<std::uint16_t> columns;
  for (const NamedColumn& column : resolved.key) {
    ref.key.push_back(images.operand(route, column));
    columns.push_back(ref.key.back().column);
  }
  ref.seen_by = images.access(images.id(route.table_of(resolved.from)), std::move(columns));
  return ref;
}

}  // namespace mapping
