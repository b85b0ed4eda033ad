#include "tests/property/workload.hpp"

#include "tests/property/list.hpp"

namespace tests {

namespace {

std::string is_key(const ModelTable& table, const std::vector<std::string>& key) {
  std::vector<std::string> conditions;
  for (std::size_t i = 0; i < key.size(); ++i) conditions.push_back(table.key[i].name + " = " + key[i]);
  return list(conditions, " AND ");
}

}  // namespace

std::string Workload::value(const ModelColumn& column) {
  if (random_.chance(12)) return "NULL";
  return "(" + column.type->value(random_) + ")::" + column.type->source_type;
}

std::string Workload::plain_value(const std::string& column) {
  if (column == "flag") return random_.pick<std::string>({"true", "true", "false", "NULL"});
  if (column == "n") return random_.chance(10) ? "NULL" : std::to_string(random_.between(-4, 20));
  if (column == "label") return random_.chance(10) ? "NULL" : random_text(random_);
  return std::to_string(random_.below(300));  // rev, code
}

std::vector<std::string> Workload::reference_values(const ModelReference& reference) {
  const ModelTable& parent = model_.tables[reference.parent];
  if (random_.chance(12)) return std::vector<std::string>(reference.columns.size(), "NULL");
  if (parent.is_by_code) return {plain_value("code")};
  return parent.draw_key(random_);
}

std::string Workload::insert(const ModelTable& table) {
  const std::vector<std::string>& key = table.draw_key(random_);
  std::vector<std::string> names;
  std::vector<std::string> values;
  std::string is_taken = is_key(table, key);
  for (std::size_t i = 0; i < key.size(); ++i) {
    names.push_back(table.key[i].name);
    values.push_back(key[i]);
  }
  for (const char* column : {"flag", "n", "label", "rev"}) {
    names.emplace_back(column);
    values.push_back(plain_value(column));
  }
  if (table.has_code) {
    const std::string code = plain_value("code");
    names.emplace_back("code");
    values.push_back(code);
    is_taken += " OR code = " + code;
  }
  for (const ModelReference& reference : table.references) {
    const std::vector<std::string> parts = reference_values(reference);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      names.push_back(reference.columns[i]);
      values.push_back(reference.is_self_below
                           ? "CASE WHEN " + parts[i] + " <= " + key[0] + " THEN " + parts[i] + "::integer END"
                           : parts[i]);
    }
  }
  for (const ModelColumn& column : table.columns) {
    names.push_back(sql_name(column.name));
    values.push_back(value(column));
  }
  return "INSERT INTO " + source_name(table) + " (" + list(names) + ") SELECT " + list(values) +
         " WHERE NOT EXISTS (SELECT FROM " + source_name(table) + " WHERE " + is_taken + ");\n";
}

std::string Workload::update(const ModelTable& table) {
  std::vector<std::string> sets;
  if (random_.chance(30)) sets.push_back("flag = " + plain_value("flag"));
  if (random_.chance(30)) sets.push_back("label = " + plain_value("label"));
  if (random_.chance(20)) sets.emplace_back("rev = rev + 1");
  for (const ModelReference& reference : table.references) {
    if (!random_.chance(40)) continue;
    const std::vector<std::string> parts = reference_values(reference);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::string bounded =
          "CASE WHEN " + parts[i] + " <= " + table.key[0].name + " THEN " + parts[i] + "::integer END";
      sets.push_back(reference.columns[i] + " = " + (reference.is_self_below ? bounded : parts[i]));
    }
  }
  for (const ModelColumn& column : table.columns) {
    if (random_.chance(20)) sets.push_back(sql_name(column.name) + " = " + value(column));
  }
  if (sets.empty() || random_.chance(30)) sets.push_back("n = " + plain_value("n"));
  return "UPDATE " + source_name(table) + " SET " + list(sets) + " WHERE " + is_key(table, table.draw_key(random_)) +
         ";\n";
}

std::string Workload::update_many(const ModelTable& table) {
  return "UPDATE " + source_name(table) + " SET n = n - " + std::to_string(random_.between(-3, 3)) +
         " WHERE n BETWEEN 0 AND 15 AND n % 4 = " + std::to_string(random_.below(4)) + ";\n";
}

std::string Workload::change_key(const ModelTable& table) {
  const std::vector<std::string>& before = table.draw_key(random_);
  const std::vector<std::string>& after = table.draw_key(random_);
  std::vector<std::string> sets;
  for (std::size_t i = 0; i < after.size(); ++i) sets.push_back(table.key[i].name + " = " + after[i]);
  for (const ModelReference& reference : table.references) {
    if (!reference.is_self_below) continue;
    sets.push_back(reference.columns[0] + " = CASE WHEN " + reference.columns[0] + " <= " + after[0] + " THEN " +
                   reference.columns[0] + " END");
  }
  if (random_.chance(40)) sets.push_back("n = " + plain_value("n"));
  return "UPDATE " + source_name(table) + " SET " + list(sets) + " WHERE " + is_key(table, before) +
         " AND NOT EXISTS (SELECT FROM " + source_name(table) + " WHERE " + is_key(table, after) + ");\n";
}

std::string Workload::swap_codes(const ModelTable& table) {
  const std::string one = plain_value("code");
  const std::string two = plain_value("code");
  const std::string update = "UPDATE " + source_name(table) + " SET code = ";
  return update + "-1 WHERE code = " + one + ";\n" + update + one + " WHERE code = " + two + ";\n" + update + two +
         " WHERE code = -1;\n";
}

std::string Workload::remove(const ModelTable& table) {
  if (random_.chance(20))
    return "DELETE FROM " + source_name(table) + " WHERE n = " + std::to_string(random_.between(0, 20)) + ";\n";
  return "DELETE FROM " + source_name(table) + " WHERE " + is_key(table, table.draw_key(random_)) + ";\n";
}

std::string Workload::truncate() {
  std::string sql = "TRUNCATE " + source_name(random_.pick(model_.tables));
  if (random_.chance(40)) {
    const std::string other = source_name(random_.pick(model_.tables));
    if (sql != "TRUNCATE " + other) sql += ", " + other;
  }
  return sql + ";\n";
}

std::string Workload::statement() {
  const ModelTable& table = random_.pick(model_.tables);
  const std::size_t roll = random_.below(100);
  if (roll < 42) return insert(table);
  if (roll < 72) return update(table);
  if (roll < 77) return update_many(table);
  if (roll < 86) return change_key(table);
  if (roll < 98) return table.has_code && random_.chance(50) ? swap_codes(table) : remove(table);
  return random_.chance(35) ? truncate() : remove(table);
}

std::string Workload::statements(std::size_t depth) {
  std::string sql;
  for (std::size_t count = 1 + random_.below(6); count > 0; --count) {
    if (depth < 3 && random_.chance(18)) {
      sql += "SAVEPOINT a;\n" + statements(depth + 1);  // nested ones have the same name
      sql += random_.chance(50) ? "ROLLBACK TO a; RELEASE a;\n" : "RELEASE a;\n";
    } else {
      sql += statement();
    }
  }
  return sql;
}

std::string Workload::large_transaction() {
  const ModelTable& table = random_.pick(model_.tables);
  const std::string name = source_name(table);
  const std::string is_large = " WHERE rev >= 1000000";
  std::vector<std::string> names = {"flag", "n", "label", "rev"};
  std::vector<std::string> values = {"true", "i % 25 - 4", "repeat(md5(i::text), 60)", "1000000 + i"};
  for (const ModelKeyColumn& column : table.key) {
    names.push_back(column.name);
    values.push_back(column.type == "text"   ? "'large ' || i"
                     : column.type == "uuid" ? "md5('large ' || i)::uuid"
                                             : "100000 + i");
  }
  if (table.has_code) {
    names.emplace_back("code");
    values.emplace_back("1000 + i");
  }
  for (const ModelReference& reference : table.references) {
    const std::vector<std::string> parts = reference_values(reference);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      names.push_back(reference.columns[i]);
      values.push_back("CASE WHEN i % 3 > 0 THEN " + parts[i] +
                       " END::" + model_.tables[reference.parent].entity_key()[i].type);
    }
  }
  std::string sql = "DELETE FROM " + name + is_large + ";\n" + statements(2) + "INSERT INTO " + name + " (" +
                    list(names) + ") SELECT " + list(values) + " FROM generate_series(1, 700) AS i;\n" + statements(1) +
                    "SAVEPOINT large; UPDATE " + name + " SET n = n + 1" + is_large + "; ROLLBACK TO large;\n";
  // Each row takes the code that its neighbour had.
  if (table.has_code)
    sql += "UPDATE " + name + " SET code = -code" + is_large + ";\nUPDATE " + name + " SET code = 1 - code" + is_large +
           ";\n";
  sql += "UPDATE " + name + " SET n = n - 2" + is_large + ";\n" + statements(1);
  sql += "DELETE FROM " + name + is_large + (random_.chance(50) ? " AND rev % 10 <> 0" : "") + ";\n" + statements(1);
  return "BEGIN;\n" + sql + (random_.chance(15) ? "ROLLBACK" : "COMMIT");
}

std::string Workload::settlement() const {
  std::string sql;
  for (const ModelTable& table : model_.tables)
    sql += "UPDATE " + source_name(table) +
           " AS t SET rev = x.n FROM (SELECT ctid AS at, 2000000 + row_number() OVER () AS n FROM " +
           source_name(table) + ") AS x WHERE t.ctid = x.at;\n";
  return "BEGIN;\n" + sql + "COMMIT";
}

std::string Workload::transaction() {
  if (model_.has_large_transactions && random_.chance(2)) return large_transaction();
  std::string body = statements(0);
  if (random_.chance(6)) {
    for (int i = 0; i < 40; ++i) body += statement();
  }
  return "BEGIN;\n" + body + (random_.chance(8) ? "ROLLBACK" : "COMMIT");
}

std::string Workload::filling() {
  std::string sql = "BEGIN;\n";
  for (const ModelTable& table : model_.tables) {
    for (int i = 0; i < 40; ++i) sql += insert(table);
  }
  return sql + "COMMIT";
}

}  // namespace tests
