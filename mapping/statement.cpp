#include "mapping/statement.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include "mapping/row_input.hpp"
#include "mapping/sql_text.hpp"
#include "mapping/target_key_text.hpp"

namespace mapping {

namespace {

std::string on_own_line(const std::string& expression) { return "(\n" + expression + "\n)"; }

// Of each row exactly one value: COALESCE takes no set-returning function, with which the row would vanish or double.
std::string one_value(const std::string& expression) { return "COALESCE(" + on_own_line(expression) + ")"; }

// A relation "x$" of what the expression gives. VALUES of more than one row take neither set-returning functions nor
// aggregates nor window functions.
std::string judged_value(const std::string& expression, const std::string& name) {
  return "(VALUES (" + expression + "), (NULL)) AS \"x$\" (" + name + ")";
}

std::string output_name(std::size_t column) { return quoted("c" + std::to_string(column) + "$"); }

// Which inputs a set of expressions takes: columns and refs, each once, in order.
class Needs {
 public:
  void add(const std::vector<Operand>& reads) { inputs_.insert(reads.begin(), reads.end()); }
  void add(const TargetColumn& column) {
    add(column.reads);
    refs_.insert(column.refs.begin(), column.refs.end());
  }
  void add_flags(const TargetColumn& column) { flags_.insert(column.refs.begin(), column.refs.end()); }

  [[nodiscard]] RowStatement rows() const {
    RowStatement statement;
    statement.inputs.assign(inputs_.begin(), inputs_.end());
    statement.refs.assign(refs_.begin(), refs_.end());
    statement.flags.assign(flags_.begin(), flags_.end());
    return statement;
  }

 private:
  std::set<Operand> inputs_;
  std::set<std::uint16_t> refs_;
  std::set<std::uint16_t> flags_;
};

std::vector<Operand> primary_key(const Plan& plan, const Route& route) {
  std::vector<Operand> key;
  for (std::uint16_t i = 0; i < plan.table(route.from).key_size; ++i) key.push_back({Operand::kRow, i});
  return key;
}

// FROM <input> AS "in$" … CROSS JOIN LATERAL (SELECT <values> FROM <row>) AS "out$"
std::string evaluated(const RowInput& input, const std::string& relation, const std::vector<std::string>& values,
                      const std::string& beside_row = {}) {
  return "FROM " + relation + " AS \"in$\"\n" + input.joined_rows() + "CROSS JOIN LATERAL (SELECT " + joined(values) +
         "\nFROM " + input.row() + beside_row + ") AS \"out$\"";
}

// One expression as it is evaluated in earnest, but where the server takes nothing that makes more or less of a row.
std::string probed(const RowInput& input, const std::string& expression, const std::string& name) {
  return evaluated(input, input.from_nulls(), {"\"x$\"." + name},
                   "\nCROSS JOIN LATERAL " + judged_value(expression, name));
}

std::string differs(const std::vector<std::string>& left, const std::vector<std::string>& right) {
  // Compares images, not values: works for types without an equality (json, xml, point) and tells apart what equals but
  // reads differently (citext, interval, numeric scale, -0). The casts keep the grammar from comparing column by column.
  return "ROW(" + joined(left) + ")::record OPERATOR(pg_catalog.*<>) ROW(" + joined(right) + ")::record";
}

std::string insert_sql(const Plan& plan, const Route& route, const std::string& relation) {
  const RowInput input(plan, route, route.write);
  std::vector<std::string> names;
  std::vector<std::string> outputs;
  std::vector<std::string> values;
  std::vector<std::string> sets;
  std::vector<std::string> old_values;
  std::vector<std::string> new_values;
  bool has_identity = false;
  if (route.id_column) {
    names.push_back(quoted(*route.id_column));
    outputs.emplace_back("\"in$\".\"u$\"");
  }
  for (std::size_t i = 0; i < route.columns.size(); ++i) {
    const TargetColumn& column = route.columns[i];
    const std::string name = quoted(column.name);
    names.push_back(name);
    outputs.push_back("\"out$\"." + output_name(i));
    values.push_back(one_value(column.sql) + " AS " + output_name(i));
    has_identity = has_identity || column.is_identity_always;
    const bool is_key = std::find(route.conflict.begin(), route.conflict.end(), column.name) != route.conflict.end();
    // A key that conflicts is there already, unless it may read otherwise there.
    if ((is_key && !evens_out(column.sql_type)) || column.is_identity_always) continue;
    sets.push_back(name + " = excluded." + name);
    old_values.push_back("\"t$\"." + name);
    new_values.push_back("excluded." + name);
  }
  std::vector<std::string> key;
  for (const std::string& column : route.conflict) key.push_back(quoted(column));
  if (route.id_column) key = {quoted(*route.id_column)};

  std::string sql = "INSERT INTO " + quoted(route.to) + " AS \"t$\" (" + joined(names) + ")";
  if (has_identity) sql += " OVERRIDING SYSTEM VALUE";
  sql += "\nSELECT " + joined(outputs) + "\n" + evaluated(input, relation, values);
  sql += "\nON CONFLICT (" + joined(key) + ") DO ";
  if (sets.empty()) return sql + "NOTHING";
  return sql + "UPDATE SET " + joined(sets) + "\nWHERE " + differs(old_values, new_values);
}

void add_stage(const RowInput& input, const Route& route, RowStatement& statement) {
  const std::string name = quoted("stage_" + std::to_string(route.id.value));
  std::vector<std::string> definitions;
  std::vector<std::string> names;
  for (const InputColumn& column : input.columns()) {
    definitions.push_back(quoted(column.name) + " " + column.sql_type);
    names.push_back(quoted(column.name));
  }
  statement.stage = "pg_temp." + name;
  // Emptied by the end of each transaction, so that a batch never sees the rows of another.
  statement.create_stage =
      "CREATE TEMPORARY TABLE IF NOT EXISTS " + name + " (" + joined(definitions) + ") ON COMMIT DELETE ROWS";
  statement.copy_stage = "COPY " + statement.stage + " (" + joined(names) + ") FROM STDIN";
}

void write_insert(const Plan& plan, Route& route) {
  Needs needs;
  needs.add(primary_key(plan, route));
  for (const TargetColumn& column : route.columns) needs.add(column);
  route.write = needs.rows();
  route.write.has_id = route.id_column.has_value();
  const RowInput input(plan, route, route.write);
  add_stage(input, route, route.write);
  route.write.by_arrays = insert_sql(plan, route, input.from_arrays(false));
  route.write.from_stage = insert_sql(plan, route, route.write.stage);
}

bool is_judged(const TargetColumn& column) {
  return !column.is_plain_ref && column.missing && *column.missing != Missing::Null;
}

void write_judge(const Plan& plan, Route& route) {
  Needs needs;
  std::string verdict = "CASE";
  if (route.has_where) {
    needs.add(route.where_reads);
    verdict += " WHEN " + on_own_line(route.where) + " IS NOT TRUE THEN " + std::to_string(Judge::kFiltered);
  }
  bool has_judged_column = false;
  for (std::size_t i = 0; i < route.columns.size(); ++i) {
    const TargetColumn& column = route.columns[i];
    if (!is_judged(column)) continue;
    has_judged_column = true;
    needs.add(column);
    needs.add_flags(column);
    std::vector<std::string> flags;
    for (const std::uint16_t ref : column.refs) flags.push_back("\"in$\"." + quoted(RowInput::flag_name(ref)));
    verdict +=
        " WHEN (" + joined(flags, " OR ") + ") AND " + on_own_line(column.sql) + " IS NULL THEN " + std::to_string(i);
  }
  if (!route.has_where && !has_judged_column) return;
  verdict += " ELSE " + std::to_string(Judge::kPass) + " END AS \"v$\"";

  Judge judge;
  judge.rows = needs.rows();
  // Something must be sent per row even when `where` is a constant.
  if (judge.rows.width() == 0) judge.rows.inputs = primary_key(plan, route);
  judge.is_cacheable = judge.rows.refs.empty() && judge.rows.flags.empty();
  const RowInput input(plan, route, judge.rows);
  judge.rows.by_arrays =
      "SELECT \"in$\".\"ord$\", \"out$\".\"v$\"\n" + evaluated(input, input.from_arrays(true), {verdict});
  route.judge = std::move(judge);
}

const TargetColumn& column_called(const Route& route, const std::string& name) {
  return *std::find_if(route.columns.begin(), route.columns.end(),
                       [&](const TargetColumn& column) { return column.name == name; });
}

std::string respell_sql(const Route& route) {
  std::vector<std::string> texts;
  std::vector<std::string> arrays;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < route.conflict.size(); ++i) {
    names.push_back("\"a" + std::to_string(i) + "\"");
    const std::string& type = column_called(route, route.conflict[i]).sql_type;
    texts.push_back(target_key_text(type, names.back() + "::" + type));
    arrays.push_back("pg_catalog.unnest($" + std::to_string(i + 1) + "::pg_catalog.text[])");
  }
  return "SELECT \"ord$\", " + joined(texts) + "\nFROM ROWS FROM (" + joined(arrays) + ") WITH ORDINALITY AS \"x$\" (" +
         joined(names) + ", \"ord$\")";
}

void write_conflict_query(const Plan& plan, Route& route) {
  if (route.conflict.empty() || !route.conflict_from.empty()) return;
  Needs needs;
  std::vector<std::string> values;
  std::vector<std::string> outputs;
  for (std::size_t i = 0; i < route.conflict.size(); ++i) {
    const TargetColumn& column = column_called(route, route.conflict[i]);
    needs.add(column);
    // As the column will hold it, modifier included: the text is compared with what is remembered of the row.
    const std::string value = "CAST(" + one_value(column.sql) + " AS " + column.declared_type + ")";
    values.push_back(target_key_text(column.sql_type, value) + " AS " + output_name(i));
    outputs.push_back("\"out$\"." + output_name(i));
  }
  RowStatement query = needs.rows();
  if (query.width() == 0) query.inputs = primary_key(plan, route);
  const RowInput input(plan, route, query);
  query.by_arrays =
      "SELECT \"in$\".\"ord$\", " + joined(outputs) + "\n" + evaluated(input, input.from_arrays(true), values);
  route.conflict_query = std::move(query);
  route.respell = respell_sql(route);
}

// What an assignment refuses and a cast just does: a text or bit string that is too long for its column.
std::string is_cut(const TargetColumn& column, const std::string& value) {
  const std::string& type = column.declared_type;
  const bool is_text = type.starts_with("character varying(") || type.starts_with("character(");
  if (!is_text && !type.starts_with("bit")) return {};
  const auto text = [&](const std::string& of) {
    return is_text ? "pg_catalog.rtrim((" + of + ")::pg_catalog.text)" : "(" + of + ")::pg_catalog.text";
  };
  return text(value) + " <> " + text("CAST(" + value + " AS " + type + ")");
}

// Each expression is evaluated once: what a statement does with its value refers to the sub-select, which OFFSET 0 keeps apart.
RowStatement comparison(const Plan& plan, const Route& route, bool has_contents) {
  Needs needs;
  std::vector<std::string> values;  // of "out$"
  std::vector<std::string> meant;   // of "e$"
  std::vector<std::string> images_meant;
  std::vector<std::string> images;
  std::vector<std::string> differences;
  std::vector<std::string> condition;
  if (route.id_column) {
    images_meant.emplace_back("\"e$\".\"u$\"");
    images.push_back("\"t$\"." + quoted(*route.id_column));
    condition.push_back(images.front() + " = " + images_meant.front());
  }
  for (std::size_t i = 0; i < route.columns.size(); ++i) {
    const TargetColumn& column = route.columns[i];
    const bool is_key = std::ranges::find(route.conflict, column.name) != route.conflict.end();
    if (!has_contents && !is_key) continue;
    needs.add(column);
    const std::string raw = "\"out$\"." + output_name(i);
    const std::string value = "\"e$\"." + output_name(i);
    const std::string there = "\"t$\"." + quoted(column.name);
    values.push_back(one_value(column.sql) + " AS " + output_name(i));
    // As the column would hold it, modifier included.
    meant.push_back("CAST(" + raw + " AS " + column.declared_type + ") AS " + output_name(i));
    if (is_key) condition.push_back(equal_keys(column.sql_type, there, value));
    images_meant.push_back(value);
    images.push_back(there);
    std::string differ = differs({value}, {there});
    if (const std::string cut = is_cut(column, raw); !cut.empty()) {
      const std::string flag = quoted("x" + std::to_string(i) + "$");
      meant.push_back("coalesce(" + cut + ", false) AS " + flag);
      differ = "(\"e$\"." + flag + " OR " + differ + ")";
    }
    differences.push_back("CASE WHEN " + differ + " THEN " + std::to_string(i) + " END");
  }
  RowStatement statement = needs.rows();
  statement.has_id = route.id_column.has_value();
  if (statement.width() == 0) statement.inputs = primary_key(plan, route);
  const RowInput input(plan, route, statement);
  meant.insert(meant.begin(), "\"in$\".\"ord$\"");
  if (route.id_column) meant.insert(meant.begin(), "\"in$\".\"u$\"");
  std::string sql = "SELECT \"e$\".\"ord$\", \"t$\".tableoid::pg_catalog.text || \"t$\".ctid::pg_catalog.text";
  if (has_contents) {
    const auto md5 = [](const std::vector<std::string>& of) {
      return "pg_catalog.md5(ROW(" + joined(of) + ")::pg_catalog.text)";
    };
    sql += ", CASE WHEN \"t$\".ctid IS NOT NULL THEN nullif(pg_catalog.array_to_string(ARRAY[" + joined(differences) +
           "]::pg_catalog.int4[], ','), '') END, " + md5(images_meant) + ",\n CASE WHEN \"t$\".ctid IS NOT NULL AND " +
           differs(images_meant, images) + " THEN " + md5(images) + " END";
  }
  sql += "\nFROM (SELECT " + joined(meant) + "\n" + evaluated(input, input.from_arrays(true), values) +
         " OFFSET 0) AS \"e$\"\nLEFT JOIN " + quoted(route.to) + " AS \"t$\" ON " + joined(condition, " AND ");
  statement.by_arrays = std::move(sql);
  return statement;
}

// The rows to remove, as a relation "k$" beside the target's "t$", and the condition that finds them.
struct Removed {
  std::string relation;  // empty: the condition does without
  std::string condition;
};

Removed removed_rows(const Route& route) {
  if (route.id_column) {
    return {"", "\"t$\"." + quoted(*route.id_column) + " = ANY ($1::pg_catalog.text[]::pg_catalog.\"uuid\"[])"};
  }
  std::vector<std::string> values;
  std::vector<std::string> arrays;
  std::vector<std::string> names;
  std::vector<std::string> conditions;
  for (std::size_t i = 0; i < route.conflict.size(); ++i) {
    const std::string name = "\"a" + std::to_string(i) + "\"";
    const std::string& type = column_called(route, route.conflict[i]).sql_type;
    values.push_back(name + "::" + type + " AS " + output_name(i));
    arrays.push_back("pg_catalog.unnest($" + std::to_string(i + 1) + "::pg_catalog.text[])");
    names.push_back(name);
    conditions.push_back(equal_keys(type, "\"t$\"." + quoted(route.conflict[i]), "\"k$\"." + output_name(i)));
  }
  return {"(SELECT " + joined(values) + " FROM ROWS FROM (" + joined(arrays) + ") AS \"x$\" (" + joined(names) +
              ")) AS \"k$\"",
          joined(conditions, " AND ")};
}

std::string delete_sql(const Route& route) {
  const Removed removed = removed_rows(route);
  return "DELETE FROM " + quoted(route.to) + " AS \"t$\"\n" +
         (removed.relation.empty() ? "" : "USING " + removed.relation + "\n") + "WHERE " + removed.condition;
}

std::string set_value(const TargetColumn& column) {
  return "CAST(" + one_value(column.sql) + " AS " + column.sql_type + ")";
}

std::string set_sql(const Route& route) {
  const Removed removed = removed_rows(route);
  std::vector<std::string> values;
  std::vector<std::string> sets;
  std::vector<std::string> changes;
  for (std::size_t i = 0; i < route.set_on_delete.size(); ++i) {
    const std::string name = quoted(route.set_on_delete[i].name);
    // A sub-select of its own, where no column of the target is in sight.
    values.push_back(set_value(route.set_on_delete[i]) + " AS " + output_name(i));
    sets.push_back(name + " = \"new$\"." + output_name(i));
    changes.push_back("\"t$\"." + name + "::pg_catalog.text IS DISTINCT FROM \"new$\"." + output_name(i) +
                      "::pg_catalog.text");
  }
  return "UPDATE " + quoted(route.to) + " AS \"t$\" SET " + joined(sets) + "\nFROM (SELECT " + joined(values) +
         ") AS \"new$\"" + (removed.relation.empty() ? "" : ", " + removed.relation) + "\nWHERE " + removed.condition +
         " AND (" + joined(changes, " OR ") + ")";
}

std::string remove_sql(const Route& route) {
  switch (route.on_delete) {
    case OnDelete::Delete: return delete_sql(route);
    case OnDelete::Keep: return {};
    case OnDelete::Set: return set_sql(route);
  }
  return {};
}

}  // namespace

void write_statements(Plan& plan) {
  for (Route& route : plan.routes) {
    write_insert(plan, route);
    write_judge(plan, route);
    write_conflict_query(plan, route);
    route.remove = remove_sql(route);
    route.take_out = delete_sql(route) + " RETURNING \"t$\".*";
    route.compare = comparison(plan, route, true);
    route.find = comparison(plan, route, false);
  }
}

std::string probe_column(const Plan& plan, const Route& route, std::size_t column) {
  const TargetColumn& target = route.columns[column];
  const RowInput input(plan, route, route.write);
  return "INSERT INTO " + quoted(route.to) + " (" + quoted(target.name) + ")" +
         (target.is_identity_always ? " OVERRIDING SYSTEM VALUE" : "") + "\nSELECT \"out$\"." + output_name(column) +
         "\n" + probed(input, on_own_line(target.sql), output_name(column));
}

std::string probe_where(const Plan& plan, const Route& route) {
  Needs needs;
  needs.add(primary_key(plan, route));
  needs.add(route.where_reads);
  const RowStatement rows = needs.rows();
  const RowInput input(plan, route, rows);
  return "SELECT \"out$\".\"v$\"\n" + probed(input, on_own_line(route.where) + " IS NOT TRUE", "\"v$\"");
}

std::string probe_set(const Route& route, std::size_t column) {
  const std::string name = output_name(column);
  const TargetColumn& target = route.set_on_delete[column];
  return "SELECT \"x$\"." + name + " FROM " +
         judged_value("CAST(" + on_own_line(target.sql) + " AS " + target.sql_type + ")", name);
}

}  // namespace mapping
