#include "tests/property/oracle.hpp"

#include <algorithm>

#include "tests/property/list.hpp"

namespace tests {

namespace {

std::string key_columns(const ModelTable& table, const std::string& alias) {
  std::vector<std::string> columns;
  for (const ModelKeyColumn& column : table.key) columns.push_back(alias + "." + column.name);
  return list(columns);
}

std::string same_key(const ModelTable& table, const std::string& left, const std::string& right) {
  std::vector<std::string> conditions;
  for (const ModelKeyColumn& column : table.key)
    conditions.push_back(left + "." + column.name + " = " + right + "." + column.name);
  return list(conditions, " AND ");
}

std::string from(const ModelRoute& route, const ModelTable& table) {
  return " FROM " + source_name(table) + " AS s" + route.oracle_joins;
}

}  // namespace

Oracle::Oracle(const Model& model, Sql& session) : model_(model), session_(session) {
  session_.exec("DROP SCHEMA IF EXISTS oracle CASCADE; CREATE SCHEMA oracle; SET search_path = public, pg_catalog");
  for (const ModelTable& table : model.tables) {
    if (table.entity.empty()) continue;
    const auto key = table.entity_key();
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < key.size(); ++i) columns.push_back("e" + std::to_string(i) + " " + key[i].type);
    session_.exec("CREATE TABLE oracle.present_" + table.entity + " (" + list(columns) + ")");
  }
  for (const ModelRoute& route : model.routes) settle_statuses(route);
  for (const ModelRoute& route : model.routes) compute_rows(route);
}

/// The target never takes the row. True or false.
std::string Oracle::is_refused(const ModelRoute& route) const {
  return route.refusals.empty() ? "false" : "((" + list(route.refusals, ") OR (") + ")) IS TRUE";
}

/// Another row had the value first. Which one that was is history, and nobody's fault: here alone the program's word is taken, and judged later.
std::string Oracle::lost_its_claim(const ModelRoute& route) const {
  if (!route.has_claim) return "false";
  std::string condition =
      "EXISTS (SELECT FROM dispatch_sync.quarantine AS q WHERE q.route = " + sql_literal(route.name) +
      " AND q.resolved_at IS NULL AND q.op = 'upsert' AND q.sqlstate = '23505'";
  for (const ModelKeyColumn& column : model_.tables[route.from].key)
    condition += " AND q.row ->> " + sql_literal(column.name) + " = s." + column.name + "::text";
  return condition + ")";
}

void Oracle::settle_statuses(const ModelRoute& route) {
  const ModelTable& table = model_.tables[route.from];
  const std::string statuses = "oracle.status_" + route.name;
  std::string verdict = "CASE";
  if (!route.oracle_where.empty()) verdict += " WHEN (" + route.oracle_where + ") IS NOT TRUE THEN 'filtered'";
  for (const ModelReason& reason : route.reasons)
    verdict += " WHEN " + reason.condition + " THEN '" + reason.status + "'";
  verdict += " WHEN " + is_refused(route) + " OR " + lost_its_claim(route) + " THEN 'refused' ELSE 'applied' END";
  session_.exec("CREATE TABLE " + statuses + " AS SELECT " + key_columns(table, "s") + ", " + verdict + " AS status" +
                from(route, table));
  if (route.parked_below) {
    const std::string own = table.key[0].name;
    const std::string parent = route.parked_below->columns[0];
    session_.exec(
        "UPDATE " + statuses + " AS u SET status = 'parked' WHERE status IN ('applied', 'refused') AND u." + own +
        " NOT IN (WITH RECURSIVE base AS (SELECT s." + own + " AS own, s." + parent + " AS parent, t.status FROM " +
        source_name(table) + " AS s JOIN " + statuses + " AS t ON t." + own + " = s." + own +
        " WHERE t.status IN ('applied', 'refused')), there AS (SELECT own, status FROM base WHERE parent IS NULL "
        "OR parent = own UNION ALL SELECT base.own, base.status FROM base JOIN there ON base.parent = there.own "
        "AND base.own <> base.parent AND there.status = 'applied') SELECT own FROM there)");
  }
  settle_refusals(route);
  if (route.is_first_of_entity && route.entity == table.entity && !route.entity.empty()) {
    std::vector<std::string> key;
    for (const ModelKeyColumn& column : table.entity_key()) key.push_back("s." + column.name);
    session_.exec("INSERT INTO oracle.present_" + table.entity + " SELECT " + list(key) + " FROM " +
                  source_name(table) + " AS s JOIN " + statuses + " AS t ON " + same_key(table, "s", "t") +
                  " WHERE t.status = 'applied'");
  }
}

/// Of several rows with one pair the lowest key that the target takes is written; those above it are never tried.
void Oracle::settle_refusals(const ModelRoute& route) {
  const std::string statuses = "oracle.status_" + route.name;
  if (route.entity.empty()) {
    const ModelTable& table = model_.tables[route.from];
    std::vector<std::string> pair;
    for (std::size_t i = 0; i < route.conflict.size(); ++i) pair.push_back("(" + route.columns[i].oracle + ")");
    session_.exec("UPDATE " + statuses + " AS u SET status = 'applied' FROM (SELECT " + key_columns(table, "s") +
                  ", min(s.k0) FILTER (WHERE t.status = 'applied') OVER (PARTITION BY " + list(pair) + ") AS taken" +
                  from(route, table) + " JOIN " + statuses + " AS t ON " + same_key(table, "s", "t") +
                  " WHERE t.status IN ('applied', 'refused')) AS x WHERE u.status = 'refused' AND " +
                  same_key(table, "u", "x") + " AND x.taken < u.k0");
  }
  session_.exec("UPDATE " + statuses + " SET status = 'quarantined' WHERE status = 'refused'");
}

void Oracle::compute_rows(const ModelRoute& route) {
  const ModelTable& table = model_.tables[route.from];
  std::vector<std::string> columns;
  for (const ModelTargetColumn& column : route.columns)
    columns.push_back("(" + column.oracle + ")::" + column.type + " AS " + sql_name(column.name));
  std::string distinct;
  std::string order;
  if (route.entity.empty()) {
    // Of several legacy rows with one pair the lowest key counts.
    std::vector<std::string> pair;
    for (std::size_t i = 0; i < route.conflict.size(); ++i) pair.push_back("(" + route.columns[i].oracle + ")");
    distinct = "DISTINCT ON (" + list(pair) + ") ";
    order = " ORDER BY " + list(pair) + ", " + key_columns(table, "s");
  } else {
    std::vector<std::string> key;
    for (const ModelKeyColumn& column : table.entity_key()) key.push_back(column.name);
    columns.push_back(uuid_sql(table, route.entity, "s", key) + " AS id");
  }
  session_.exec("CREATE TABLE oracle." + route.name + " AS SELECT " + distinct + list(columns) + from(route, table) +
                " JOIN oracle.status_" + route.name + " AS t ON " + same_key(table, "s", "t") +
                " WHERE t.status = 'applied'" + order);
}

void Oracle::compare(const ModelRoute& route, StaticJoins joins, std::vector<std::string>& differences) {
  std::vector<std::string> names;
  for (const ModelTargetColumn& column : route.columns) {
    if (!column.is_static || joins == StaticJoins::AreCurrent) names.push_back(sql_name(column.name));
  }
  if (!route.entity.empty()) names.emplace_back("id");
  const std::vector<std::string> key = route.entity.empty() ? route.conflict : std::vector<std::string>{"id"};
  const auto rows = [&](const std::string& of) { return "SELECT ROW(" + list(names) + ")::text FROM " + of + " AS x"; };
  const std::string must = "oracle." + route.name;
  std::string is = "public." + route.name;
  if (route.on_delete != OnDelete::Delete) {
    // What stays is no concern of the mapping any more, but for its mark.
    const std::string unmarked = route.on_delete == OnDelete::Mark ? " OR o.gone IS NOT TRUE" : "";
    is = "(SELECT o.* FROM " + is + " AS o WHERE EXISTS (SELECT FROM " + must + " AS m WHERE m.id = o.id)" + unmarked +
         ")";
  }
  const auto count = [&](const std::string& sql) {
    return std::stol(session_.query_value("SELECT count(*) FROM (" + sql + ") AS x").value());
  };
  const long missing = count(rows(must) + " EXCEPT ALL " + rows(is));
  const long extra = count(rows(is) + " EXCEPT ALL " + rows(must));
  std::vector<std::string> left;
  std::vector<std::string> right;
  std::string same;
  for (const std::string& name : names) {
    left.push_back("a." + name);
    right.push_back("b." + name);
  }
  for (const std::string& name : key) same += (same.empty() ? "" : " AND ") + std::string("a.") + name + " = b." + name;
  // The text may be equal where the values are not: sign of zero, scale, bounds.
  const std::string pairs = must + " AS a JOIN " + is + " AS b ON " + same;
  const long unlike =
      count("SELECT FROM " + pairs + " WHERE ROW(" + list(left) + ")::record *<> ROW(" + list(right) + ")::record");
  if (missing == 0 && extra == 0 && unlike == 0) return;
  differences.push_back(route.name + ": missing " + std::to_string(missing) + ", extra " + std::to_string(extra) +
                        ", not alike " + std::to_string(unlike));
  const auto example = [&](const std::string& what, const std::string& sql) {
    for (const SqlRow& row : session_.query_rows(sql + " LIMIT 3"))
      differences.push_back("  " + what + ": " + row[0].value_or("(null)").substr(0, 600));
  };
  std::vector<std::string> key_left;
  for (const std::string& name : key) key_left.push_back("a." + name);
  for (const ModelTargetColumn& column : route.columns) {
    if (column.name.starts_with("legacy_")) key_left.push_back("a." + sql_name(column.name));
  }
  const std::string as_text = "ROW(" + list(key_left) + ")::text";
  example("missing", "SELECT " + as_text + " FROM " + must + " AS a WHERE NOT EXISTS (SELECT FROM " + is +
                         " AS b WHERE " + same + ")");
  example("extra", "SELECT " + as_text + " FROM " + is + " AS a WHERE NOT EXISTS (SELECT FROM " + must +
                       " AS b WHERE " + same + ")");
  for (const std::string& name : names) {
    example("different in " + name, "SELECT " + as_text + " || ': must be ' || coalesce(left(a." + name +
                                        "::text, 90), 'NULL') || ', is ' || coalesce(left(b." + name +
                                        "::text, 90), 'NULL') FROM " + pairs + " WHERE ROW(a." + name +
                                        ")::record *<> ROW(b." + name + ")::record");
  }
}

/// Who is kept out by a claim is so by a row that is there.
void Oracle::judge_claims(const ModelRoute& route, std::vector<std::string>& differences) {
  if (!route.has_claim) return;
  const ModelTable& table = model_.tables[route.from];
  const std::string kept_out = from(route, table) + " JOIN oracle.status_" + route.name + " AS t ON " +
                               same_key(table, "s", "t") + " WHERE t.status = 'quarantined' AND NOT " +
                               is_refused(route) + " AND " + lost_its_claim(route) +
                               " AND NOT EXISTS (SELECT FROM public." + route.name + " AS o WHERE o.claim = s.rev)";
  for (const SqlRow& row : session_.query_rows("SELECT ROW(" + key_columns(table, "s") + ")::text" + kept_out))
    differences.push_back(route.name + ": nobody has what this one was refused for: " + row[0].value_or("(null)"));
}

std::vector<std::string> Oracle::differences(StaticJoins joins) {
  std::vector<std::string> found;
  for (const ModelRoute& route : model_.routes) compare(route, joins, found);
  for (const ModelRoute& route : model_.routes) judge_claims(route, found);
  return found;
}

long Oracle::rows_with(const ModelRoute& route, const std::string& status) {
  return std::stol(
      session_
          .query_value("SELECT count(*) FROM oracle.status_" + route.name + " WHERE status = " + sql_literal(status))
          .value());
}

}  // namespace tests
