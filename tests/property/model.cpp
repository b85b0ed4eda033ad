#include "tests/property/model.hpp"

#include <algorithm>

namespace tests {

namespace {

// Enough rows for several chunks, of which the program makes none below a hundred rows.
constexpr std::size_t kKeys = 260;

std::string joined(const std::vector<std::string>& parts, const std::string& separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

std::string yaml_string(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + '"';
}

std::vector<std::string> names_of(const std::vector<ModelKeyColumn>& columns) {
  std::vector<std::string> names;
  for (const ModelKeyColumn& column : columns) names.push_back(column.name);
  return names;
}

std::string dotted(const std::string& alias, const std::string& column) { return alias + "." + sql_name(column); }

/// The key that owns the id of this one. Of keys that were merged it is the lowest.
std::string owner_sql(const ModelTable& table, const std::string& key) {
  const std::string adopted = "public.adopted_" + table.entity;
  return "coalesce((SELECT min(o.k) FROM " + adopted + " AS a JOIN " + adopted +
         " AS o ON o.u = a.u WHERE a.k = " + key + "), " + key + ")";
}

std::string any_null(const std::string& alias, const std::vector<std::string>& columns) {
  std::vector<std::string> parts;
  for (const std::string& column : columns) parts.push_back(dotted(alias, column) + " IS NULL");
  return "(" + joined(parts, " OR ") + ")";
}

/// True when the reference names a row that is not in the target.
std::string missed(const Model& model, const ModelReference& reference, const std::string& alias) {
  const std::string present = is_present(model.tables[reference.parent], alias, reference.columns);
  std::string own = "false";
  if (reference.is_self_below)
    own = dotted(alias, reference.columns[0]) + " = " + dotted(alias, model.tables[reference.parent].key[0].name);
  return "(NOT " + any_null(alias, reference.columns) + " AND NOT (" + own + ") AND NOT " + present + ")";
}

std::string reference_uuid(const Model& model, const ModelReference& reference, const std::string& alias) {
  const ModelTable& parent = model.tables[reference.parent];
  return "(CASE WHEN NOT " + any_null(alias, reference.columns) + " AND NOT " + missed(model, reference, alias) +
         " THEN " + uuid_sql(parent, parent.entity, alias, reference.columns) + " END)";
}

std::string ref_call(const Model& model, const ModelReference& reference, const std::string& alias) {
  std::string call = "ref('" + model.tables[reference.parent].entity + "'";
  for (const std::string& column : reference.columns)
    call += ", " + (alias.empty() ? "" : alias + ".") + sql_name(column);
  return call + ")";
}

std::string status_of(Policy policy) {
  switch (policy) {
    case Policy::Park: return "parked";
    case Policy::Filter: return "filtered";
    case Policy::Quarantine: return "quarantined";
    case Policy::Null: break;
  }
  return "applied";
}

std::string yaml_of(Policy policy) {
  switch (policy) {
    case Policy::Park: return "park";
    case Policy::Filter: return "filter";
    case Policy::Quarantine: return "quarantine";
    case Policy::Null: break;
  }
  return "\"null\"";
}

std::string key_value(Random& random, const std::string& type, std::size_t number) {
  if (type == "integer") return std::to_string(static_cast<int>(number) * 3 - 20);
  if (type == "bigint")
    return number % 4 == 0 ? std::to_string(9223372036854775807LL - static_cast<long long>(number))
                           : std::to_string(-5000000000LL * static_cast<long long>(number));
  if (type == "uuid") return "md5('key " + std::to_string(number) + "')::uuid";
  static const std::vector<std::string> odd = {"",   "'",   "\\", ",",   "\"", "é",    "日本",
                                               "\t", "a,b", "{}", "\\N", " ",  "NULL", "😀"};
  return sql_literal(random.pick(odd) + (random.chance(30) ? "" : std::to_string(number)));
}

class Draw {
 public:
  Draw(Model& model, Random& random) : model_(model), random_(random) {}

  void run() {
    model_.has_replica_mode = random_.chance(50);
    model_.is_refusing = random_.chance(65);
    model_.defers_upward = random_.chance(50);
    model_.has_large_transactions = random_.chance(35);
    const std::size_t count = 2 + random_.below(4);
    for (std::size_t i = 0; i < count; ++i) draw_table(i);
    for (std::size_t i = 0; i < count; ++i) draw_references(i);
    for (std::size_t i = 0; i < count; ++i) draw_adoption(i);
    // Parents may be above or below in the file: the order of routes must not matter.
    for (std::size_t i = 0; i < count; ++i) draw_route(i);
    for (std::size_t i = 0; i < count; ++i) {
      if (random_.chance(25)) draw_second_route(i);
    }
    if (random_.chance(50)) draw_pair_route();
    for (ModelRoute& route : model_.routes) draw_constraints(route);
  }

 private:
  void draw_table(std::size_t number) {
    static const std::vector<std::string> names = {"t", "Mixed Case ", "order", "with\"quote", "ünï"};
    static const std::vector<std::vector<std::string>> keys = {
        {"integer"}, {"integer"}, {"bigint"}, {"text"}, {"uuid"}, {"integer", "text"}, {"integer", "bigint"}};
    ModelTable table;
    table.name = random_.pick(names) + std::to_string(number);
    table.entity = "e" + std::to_string(number);
    const auto& types = random_.pick(keys);
    for (std::size_t i = 0; i < types.size(); ++i) table.key.push_back({"k" + std::to_string(i), types[i]});
    for (std::size_t i = 0; i < kKeys; ++i) {
      std::vector<std::string> key;
      for (const std::string& type : types)
        key.push_back(key_value(random_, type, types.size() > 1 ? random_.below(18) : i));
      table.keys.push_back(std::move(key));
    }
    table.has_code = random_.chance(45);
    table.is_by_code = table.has_code && random_.chance(50);
    table.has_dropped_column = random_.chance(40);
    static const std::vector<std::string> column_names = {"c", "Mixed ", "select", "with\"quote", "größe", "dots.and "};
    const std::size_t columns = 3 + random_.below(6);
    for (std::size_t i = 0; i < columns; ++i) {
      table.columns.push_back({random_.pick(column_names) + std::to_string(i), &random_.pick(value_types())});
    }
    if (random_.chance(60)) {
      std::vector<const ValueType*> large;
      for (const ValueType& type : value_types()) {
        if (type.is_large) large.push_back(&type);
      }
      table.columns.push_back({"large", random_.pick(large)});
    }
    if (random_.chance(30))
      table.identity = "FULL";
    else if (random_.chance(30))
      table.identity = "INDEX";
    model_.tables.push_back(std::move(table));
  }

  void draw_references(std::size_t number) {
    ModelTable& table = model_.tables[number];
    const std::size_t count = random_.below(3) + (number > 0 ? 1 : 0);
    for (std::size_t i = 0; i < count; ++i) {
      ModelReference reference;
      reference.parent = random_.chance(75) && number > 0 ? random_.below(number) : random_.below(model_.tables.size());
      if (reference.parent == number) {
        const bool is_possible = !table.is_by_code && table.key.size() == 1 && table.key[0].type == "integer" &&
                                 std::none_of(table.references.begin(), table.references.end(),
                                              [](const auto& other) { return other.is_self_below; });
        if (!is_possible) continue;
        reference.is_self_below = true;
      }
      for (std::size_t part = 0; part < model_.tables[reference.parent].entity_key().size(); ++part) {
        reference.columns.push_back("r" + std::to_string(i) + "_" + std::to_string(part));
      }
      table.references.push_back(std::move(reference));
    }
  }

  void draw_adoption(std::size_t number) {
    ModelTable& table = model_.tables[number];
    const auto key = table.entity_key();
    if (key.size() > 1 || key[0].type != "integer" || !random_.chance(40)) return;
    table.has_adopted_ids = true;
    // A merged row that refers to a row of its own table may mean itself.
    table.has_merged_ids = random_.chance(70) && std::none_of(table.references.begin(), table.references.end(),
                                                              [](const auto& other) { return other.is_self_below; });
  }

  /// Rows whose id is another key's are left to that one.
  static void leave_to_owner(const ModelTable& table, ModelRoute& route) {
    if (!table.has_adopted_ids || route.entity != table.entity) return;
    const std::string key = dotted("s", table.entity_key()[0].name);
    route.reasons.push_back({owner_sql(table, key) + " <> " + key, "filtered"});
  }

  Policy draw_policy() {
    const std::size_t roll = random_.below(100);
    return roll < 45 ? Policy::Park : roll < 65 ? Policy::Filter : roll < 90 ? Policy::Null : Policy::Quarantine;
  }

  void add_values(const ModelTable& table, ModelRoute& route, unsigned percent) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const ModelColumn& column = table.columns[i];
      if (!random_.chance(percent)) continue;
      route.columns.push_back({column.name,
                               column.type->target_type,
                               sql_name(column.name) + column.type->cast,
                               {},
                               "s." + sql_name(column.name) + column.type->cast});
    }
    route.columns.push_back({"n", "integer", "n", {}, "s.n"});
    for (const ModelKeyColumn& column : table.key)
      route.columns.push_back({"legacy_" + column.name, column.type, column.name, {}, "s." + column.name});
  }

  void add_reference(std::size_t number, ModelRoute& route, const ModelReference& reference, const std::string& alias,
                     const std::string& name) {
    ModelTargetColumn column{name,
                             "uuid",
                             ref_call(model_, reference, alias),
                             {},
                             reference_uuid(model_, reference, alias.empty() ? "s" : alias)};
    column.refers_to = reference.parent;
    // What refers to later tables may not depend on them for being there at all: circles of rows that wait for each other have no answer.
    Policy policy = reference.parent < number || reference.is_self_below ? draw_policy() : Policy::Null;
    if (reference.is_self_below && policy != Policy::Null) policy = Policy::Park;
    if (policy == Policy::Park && random_.chance(50))
      column.missing.reset();
    else
      column.missing = policy;
    if (reference.is_self_below && policy == Policy::Park)
      route.parked_below = reference;
    else if (policy != Policy::Null)
      route.reasons.push_back({missed(model_, reference, alias.empty() ? "s" : alias), status_of(policy)});
    route.columns.push_back(std::move(column));
  }

  void add_either(std::size_t number, ModelRoute& route, const ModelTable& table) {
    std::vector<const ModelReference*> earlier;
    for (const ModelReference& reference : table.references) {
      if (reference.parent < number) earlier.push_back(&reference);
    }
    if (earlier.size() < 2 || !random_.chance(60)) return;
    const ModelReference& first = *earlier[0];
    const ModelReference& second = *earlier[1];
    ModelTargetColumn column{
        "either",
        "uuid",
        "coalesce(" + ref_call(model_, first, "") + ", " + ref_call(model_, second, "") + ")",
        {},
        "coalesce(" + reference_uuid(model_, first, "s") + ", " + reference_uuid(model_, second, "s") + ")"};
    if (random_.chance(70)) {
      column.missing = draw_policy();
      const std::string condition = "(" + column.oracle + " IS NULL AND (" + missed(model_, first, "s") + " OR " +
                                    missed(model_, second, "s") + "))";
      if (*column.missing != Policy::Null) route.reasons.push_back({condition, status_of(*column.missing)});
    }
    route.columns.push_back(std::move(column));
  }

  /// A join of the row that a reference names, be it in the target or not; perhaps one more from there, and a ref through it.
  void add_parent_join(std::size_t number, ModelRoute& route, const ModelTable& table) {
    if (table.references.empty() || !random_.chance(45)) return;
    const ModelReference& reference = random_.pick(table.references);
    const ModelTable& parent = model_.tables[reference.parent];
    const bool is_static = random_.chance(15);
    add_join(route, "j1", parent, names_of(parent.entity_key()), "", reference.columns,
             is_static ? ", static: true" : "");
    route.columns.push_back({"j1_n", "integer", "j1.n", {}, "j1.n", is_static});
    route.columns.push_back(
        {"j1_label", "text", "j1.label || '/' || label", {}, "j1.label || '/' || s.label", is_static});
    // Whether the row is there at all, or what it refers to, is nobody's to say when its reason may be out of date.
    if (is_static) return;
    if (random_.chance(40)) {
      route.where = "j1.n IS DISTINCT FROM 1";
      route.oracle_where = route.where;
    }
    for (ModelReference next : parent.references) {
      if (next.parent >= number) continue;
      next.is_self_below = false;  // the joined row's own parent, not this row's
      if (random_.chance(50)) add_reference(number, route, next, "j1", "ref_through_j1");
      const ModelTable& grandparent = model_.tables[next.parent];
      if (random_.chance(50)) {
        add_join(route, "j2", grandparent, names_of(grandparent.entity_key()), "j1", next.columns);
        route.columns.push_back({"j2_n", "integer", "coalesce(j2.n, -1)", {}, "coalesce(j2.n, -1)"});
      }
      break;
    }
  }

  void add_join(ModelRoute& route, const std::string& alias, const ModelTable& table,
                const std::vector<std::string>& find, const std::string& from, const std::vector<std::string>& on,
                const std::string& option = {}) {
    std::vector<std::string> pairs;
    std::vector<std::string> conditions;
    for (std::size_t i = 0; i < find.size(); ++i) {
      pairs.push_back(yaml_string(find[i]) + ": " + yaml_string((from.empty() ? "" : from + ".") + on[i]));
      conditions.push_back(dotted(alias, find[i]) + " = " + dotted(from.empty() ? "s" : from, on[i]));
    }
    route.joins += "      " + alias + ": { from: " + yaml_string(source_name(table)) + ", on: { " +
                   joined(pairs, ", ") + " }" + option + " }\n";
    route.oracle_joins += " LEFT JOIN " + source_name(table) + " AS " + alias + " ON " + joined(conditions, " AND ");
  }

  void add_children_join(std::size_t number, ModelRoute& route, const ModelTable& table) {
    if (!random_.chance(45)) return;
    for (const ModelTable& child : model_.tables) {
      for (const ModelReference& reference : child.references) {
        if (reference.parent != number) continue;
        std::vector<std::string> pairs;
        std::vector<std::string> conditions;
        const auto key = table.entity_key();
        for (std::size_t i = 0; i < key.size(); ++i) {
          pairs.push_back(yaml_string(reference.columns[i]) + ": " + yaml_string(key[i].name));
          conditions.push_back(dotted("m", reference.columns[i]) + " = " + dotted("s", key[i].name));
        }
        std::vector<std::string> order;
        for (const ModelKeyColumn& column : child.key)
          order.push_back("m." + column.name + (column.type == "text" ? " COLLATE \"C\"" : ""));
        route.joins += "      m: { from: " + yaml_string(source_name(child)) + ", on: { " + joined(pairs, ", ") +
                       " }, many: true }\n";
        const auto array = [&](const std::string& column, const std::string& type) {
          return "coalesce((SELECT array_agg(m." + column + " ORDER BY " + joined(order, ", ") + ") FROM " +
                 source_name(child) + " AS m WHERE " + joined(conditions, " AND ") + "), '{}'::" + type + ")";
        };
        route.columns.push_back({"m_n", "integer[]", "m.n", {}, array("n", "integer[]")});
        route.columns.push_back({"m_label", "text[]", "m.label", {}, array("label", "text[]")});
        if (random_.chance(40) && route.where.empty()) {
          route.where = "cardinality(m.n) <> 1";
          route.oracle_where = "cardinality(" + array("n", "integer[]") + ") <> 1";
        }
        return;
      }
    }
  }

  void draw_where(ModelRoute& route) {
    if (!route.where.empty() || !random_.chance(60)) return;
    static const std::vector<std::pair<std::string, std::string>> conditions = {
        {"flag IS NOT FALSE", "s.flag IS NOT FALSE"},
        {"n % 3 <> 0", "s.n % 3 <> 0"},
        {"label <> ''", "s.label <> ''"},
        {"coalesce(n, 0) < 12 OR flag", "coalesce(s.n, 0) < 12 OR s.flag"}};
    const auto& [where, oracle] = random_.pick(conditions);
    route.where = where;
    route.oracle_where = oracle;
  }

  void draw_route(std::size_t number) {
    const ModelTable& table = model_.tables[number];
    ModelRoute route;
    route.name = "target_" + std::to_string(number);
    route.from = number;
    route.entity = table.entity;
    leave_to_owner(table, route);
    add_parent_join(number, route, table);
    add_children_join(number, route, table);
    draw_where(route);
    for (std::size_t i = 0; i < table.references.size(); ++i) {
      if (!table.references[i].is_self_below)
        add_reference(number, route, table.references[i], "", "ref_" + std::to_string(i));
    }
    add_either(number, route, table);
    for (const ModelReference& reference : table.references) {
      if (reference.is_self_below) add_reference(number, route, reference, "", "ref_self");
    }
    add_values(table, route, 85);
    draw_on_delete(route);
    model_.routes.push_back(std::move(route));
  }

  void draw_on_delete(ModelRoute& route) {
    if (!random_.chance(20)) return;
    route.on_delete = random_.chance(50) ? OnDelete::Keep : OnDelete::Mark;
    if (route.on_delete == OnDelete::Mark) route.columns.push_back({"gone", "boolean", "false", {}, "false"});
  }

  /// The same rows a second time: under the same ids (then they wait for the first), or under ids of their own.
  void draw_second_route(std::size_t number) {
    const ModelTable& table = model_.tables[number];
    ModelRoute route;
    route.name = "second_" + std::to_string(number);
    route.from = number;
    route.is_first_of_entity = random_.chance(50);
    route.entity = route.is_first_of_entity ? "own_" + table.entity : table.entity;
    leave_to_owner(table, route);
    draw_where(route);
    for (std::size_t i = 0; i < table.references.size(); ++i) {
      const ModelReference& reference = table.references[i];
      if (!reference.is_self_below && reference.parent < number && random_.chance(60))
        add_reference(number, route, reference, "", "ref_" + std::to_string(i));
    }
    if (!route.is_first_of_entity) {
      route.reasons.push_back({"NOT " + is_present(table, "s", names_of(table.entity_key())), "parked"});
    }
    add_values(table, route, 30);
    model_.routes.push_back(std::move(route));
  }

  /// What the target demands and the source does not; and what both demand, which rows that change places break on the way.
  void draw_constraints(ModelRoute& route) {
    // What stays behind goes on holding its parents and its unique values.
    const bool goes_for_good = route.on_delete == OnDelete::Delete;
    if (goes_for_good) draw_foreign_keys(route);
    if (!model_.is_refusing) return;
    settle_for_one_kind(route);
    const ModelTable& table = model_.tables[route.from];
    if (random_.chance(70)) draw_refusal(route);
    if (random_.chance(20)) draw_refusal(route);
    if (route.entity.empty() || !goes_for_good) return;
    if (table.has_code && random_.chance(80))
      route.columns.push_back({.name = "code",
                               .type = "integer",
                               .expression = "code",
                               .missing = {},
                               .oracle = "s.code",
                               .constraint = "UNIQUE"});
    if (random_.chance(20)) {
      route.has_claim = true;
      route.columns.push_back({.name = "claim",
                               .type = "integer",
                               .expression = "rev",
                               .missing = {},
                               .oracle = "s.rev",
                               .constraint = "UNIQUE"});
    }
    if (table.key.size() > 1 || !random_.chance(60)) return;
    for (ModelTargetColumn& column : route.columns) {
      if (column.name == "legacy_" + table.key[0].name) column.constraint = "UNIQUE";
    }
  }

  void draw_foreign_keys(ModelRoute& route) {
    if (!random_.chance(model_.has_replica_mode ? 30 : 80)) return;
    for (ModelTargetColumn& column : route.columns) {
      if (!column.refers_to || !random_.chance(80)) continue;
      column.constraint = "REFERENCES public.target_" + std::to_string(*column.refers_to);
      // Rows that hold each other in a circle and that the source does not unlink go only where one side waits for COMMIT.
      const bool is_upward = *column.refers_to > route.from;
      const bool breaks_circles = model_.is_refusing && is_upward == model_.defers_upward;
      if (breaks_circles || random_.chance(25)) column.constraint += " DEFERRABLE INITIALLY DEFERRED";
    }
  }

  /// A reference that quarantines beside one that keeps the row out otherwise: which of them counts depends on which parent was refused first.
  static void settle_for_one_kind(ModelRoute& route) {
    const auto is_quarantine = [](const ModelReason& reason) { return reason.status == "quarantined"; };
    if (!route.parked_below && std::all_of(route.reasons.begin(), route.reasons.end(), is_quarantine)) return;
    for (ModelReason& reason : route.reasons) {
      if (is_quarantine(reason)) reason.status = "parked";
    }
    for (ModelTargetColumn& column : route.columns) {
      if (column.missing == Policy::Quarantine) column.missing = Policy::Park;
    }
  }

  void draw_refusal(ModelRoute& route) {
    ModelTargetColumn& n = *std::find_if(route.columns.begin(), route.columns.end(),
                                         [](const ModelTargetColumn& column) { return column.name == "n"; });
    const auto add = [&](const std::string& name, const std::string& type, const std::string& expression,
                         const std::string& oracle, const std::string& refused) {
      for (const ModelTargetColumn& column : route.columns) {
        if (column.name == name) return;
      }
      route.columns.push_back({name, type, expression, {}, oracle});
      route.refusals.push_back(refused);
    };
    switch (random_.below(model_.has_replica_mode ? 4 : 5)) {
      case 0:
        n.constraint += " CHECK (n % 6 <> 3)";
        route.refusals.emplace_back("s.n % 6 = 3");
        break;
      case 1:
        n.constraint += " NOT NULL";
        route.refusals.emplace_back("s.n IS NULL");
        break;
      case 2: add("narrow", "smallint", "n * 2000", "s.n * 2000", "abs(s.n * 2000) > 32767"); break;
      case 3: add("inverse", "integer", "60 / (n - 5)", "60 / (s.n - 5)", "s.n = 5"); break;
      default: n.constraint += " REFERENCES public.numbers"; route.refusals.emplace_back("s.n % 7 = 4");
    }
  }

  /// A table that is nothing but pairs of parents: its target rows have no id.
  void draw_pair_route() {
    const std::size_t number = model_.tables.size();
    ModelTable table;
    table.name = "pairs";
    table.key = {{"k0", "integer"}};
    for (std::size_t i = 0; i < kKeys; ++i) table.keys.push_back({std::to_string(i)});
    ModelRoute route;
    route.name = "pairs";
    route.from = number;
    for (std::size_t i = 0; i < 2; ++i) {
      ModelReference reference;
      reference.parent = random_.below(number);
      for (std::size_t part = 0; part < model_.tables[reference.parent].entity_key().size(); ++part) {
        reference.columns.push_back("r" + std::to_string(i) + "_" + std::to_string(part));
      }
      table.references.push_back(reference);
    }
    model_.tables.push_back(table);
    for (std::size_t i = 0; i < 2; ++i) {
      const ModelReference& reference = model_.tables[number].references[i];
      const std::string name = "side_" + std::to_string(i);
      const Policy policy = random_.chance(50) ? Policy::Park : Policy::Filter;
      route.conflict.push_back(name);
      route.reasons.push_back({missed(model_, reference, "s"), status_of(policy)});
      route.columns.push_back(
          {name, "uuid", ref_call(model_, reference, ""), policy, reference_uuid(model_, reference, "s")});
      route.columns.back().refers_to = reference.parent;
    }
    route.columns.push_back({"n", "integer", "n", {}, "s.n"});
    // The pair is a key of the target: a row that lacks one half is kept out.
    std::vector<std::string> parts;
    for (const ModelReference& reference : model_.tables[number].references) {
      for (const std::string& column : reference.columns) parts.push_back(column + " IS NOT NULL");
    }
    route.where = joined(parts, " AND ");
    route.oracle_where = route.where;
    model_.routes.push_back(std::move(route));
  }

  Model& model_;
  Random& random_;
};

}  // namespace

std::string sql_name(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + '"';
}

std::string source_name(const ModelTable& table) { return "legacy." + sql_name(table.name); }

std::string uuid_sql(const ModelTable& table, const std::string& entity, const std::string& alias,
                     const std::vector<std::string>& columns) {
  std::vector<std::string> texts;
  for (const std::string& column : columns) texts.push_back(dotted(alias, column) + "::text");
  const std::string minted = "extensions.uuid_generate_v5('" + std::string(kNamespace) + "', " +
                             sql_literal(entity + ":") + " || " + joined(texts, " || ',' || ") + ")";
  if (!table.has_adopted_ids || entity != table.entity) return minted;
  return "coalesce((SELECT a.u FROM public.adopted_" + entity + " AS a WHERE a.k = " + dotted(alias, columns[0]) +
         "), " + minted + ")";
}

std::string is_present(const ModelTable& table, const std::string& alias, const std::vector<std::string>& columns) {
  std::vector<std::string> conditions;
  const auto key = table.entity_key();
  for (std::size_t i = 0; i < key.size(); ++i)
    conditions.push_back(
        "p.e" + std::to_string(i) + " = " +
        (table.has_adopted_ids ? owner_sql(table, dotted(alias, columns[i])) : dotted(alias, columns[i])));
  return "EXISTS (SELECT FROM oracle.present_" + table.entity + " AS p WHERE " + joined(conditions, " AND ") + ")";
}

const std::vector<std::string>& ModelTable::draw_key(Random& random) const {
  constexpr std::size_t kBusy = 25;
  return keys[random.below(random.chance(60) ? kBusy : keys.size())];
}

Model Model::draw(Random& random) {
  Model model;
  Draw(model, random).run();
  return model;
}

bool Model::has_quarantine() const {
  // A row that a circle of foreign keys has written before the one that it names: a snapshot lets it wait for a retry.
  const auto closes_circle = [&](const ModelRoute& route) {
    return std::ranges::any_of(route.columns, [&](const ModelTargetColumn& column) {
      return !has_replica_mode && !column.constraint.empty() && column.refers_to && *column.refers_to > route.from;
    });
  };
  return is_refusing || std::ranges::any_of(routes, [&](const ModelRoute& route) {
           return closes_circle(route) || std::ranges::any_of(route.reasons, [](const ModelReason& reason) {
                    return reason.status == "quarantined";
                  });
         });
}

bool Model::has_claims() const {
  return std::any_of(routes.begin(), routes.end(), [](const ModelRoute& route) { return route.has_claim; });
}

bool Model::has_static_joins() const {
  return std::any_of(routes.begin(), routes.end(), [](const ModelRoute& route) {
    return std::any_of(route.columns.begin(), route.columns.end(),
                       [](const ModelTargetColumn& column) { return column.is_static; });
  });
}

std::string source_schema_sql(const Model& model) {
  std::string sql = "CREATE SCHEMA legacy;" + std::string(value_types_sql());
  for (const ModelTable& table : model.tables) {
    const std::string name = source_name(table);
    std::vector<std::string> columns;
    if (table.has_dropped_column) columns.emplace_back("gone integer");
    // Not in the order of the key, nor of the mapping.
    for (const ModelColumn& column : table.columns)
      columns.push_back(sql_name(column.name) + " " + column.type->source_type);
    columns.emplace_back("flag boolean, n integer, label text, rev integer NOT NULL DEFAULT 0");
    for (auto column = table.key.rbegin(); column != table.key.rend(); ++column)
      columns.push_back(column->name + " " + column->type + " NOT NULL");
    if (table.has_code) columns.emplace_back("code integer NOT NULL UNIQUE");
    for (const ModelReference& reference : table.references) {
      const auto key = model.tables[reference.parent].entity_key();
      for (std::size_t i = 0; i < key.size(); ++i) columns.push_back(reference.columns[i] + " " + key[i].type);
    }
    columns.push_back("PRIMARY KEY (" + joined(names_of(table.key), ", ") + ")");
    sql += "CREATE TABLE " + name + " (" + joined(columns, ", ") + ");\n";
    if (table.has_dropped_column) sql += "ALTER TABLE " + name + " DROP COLUMN gone;\n";
    for (const ModelColumn& column : table.columns) {
      if (column.type->is_large)
        sql += "ALTER TABLE " + name + " ALTER COLUMN " + sql_name(column.name) + " SET STORAGE EXTERNAL;\n";
    }
    if (table.identity == "FULL") sql += "ALTER TABLE " + name + " REPLICA IDENTITY FULL;\n";
    if (table.identity == "INDEX") {
      const std::string index = sql_name("identity of " + table.name);
      sql += "CREATE UNIQUE INDEX " + index + " ON " + name + " (rev, " + joined(names_of(table.key), ", ") +
             "); ALTER TABLE " + name + " REPLICA IDENTITY USING INDEX " + index + ";\n";
    }
  }
  return sql;
}

std::string target_schema_sql(const Model& model) {
  std::string sql =
      "CREATE TABLE public.numbers (n integer PRIMARY KEY); "
      "INSERT INTO public.numbers SELECT n FROM generate_series(-300, 300) AS n WHERE n % 7 <> 4;\n";
  for (const ModelTable& table : model.tables) {
    if (!table.has_adopted_ids) continue;
    const std::string merged =
        table.has_merged_ids ? "CASE WHEN k % 4 = 0 THEN 'of ' || floor(k / 24.0) ELSE k::text END" : "k::text";
    sql += "CREATE TABLE public.adopted_" + table.entity +
           " (k integer PRIMARY KEY, u uuid);\nINSERT INTO public.adopted_" + table.entity + " SELECT k, md5('" +
           table.entity + "' || " + merged + ")::uuid FROM generate_series(-20, 300) AS k WHERE k % 2 = 0;\n";
  }
  std::string foreign_keys;
  for (const ModelRoute& route : model.routes) {
    std::vector<std::string> columns;
    // The id stands last here, so that no position can be taken for granted.
    for (const ModelTargetColumn& column : route.columns) {
      const bool is_reference = column.refers_to && !column.constraint.empty();
      columns.push_back(sql_name(column.name) + " " + column.type + (is_reference ? "" : " " + column.constraint));
      if (is_reference)
        foreign_keys += "ALTER TABLE public." + route.name + " ADD FOREIGN KEY (" + sql_name(column.name) + ") " +
                        column.constraint + ";\n";
    }
    columns.push_back(route.entity.empty() ? "PRIMARY KEY (" + joined(route.conflict, ", ") + ")"
                                           : "id uuid PRIMARY KEY");
    sql += "CREATE TABLE public." + route.name + " (" + joined(columns, ", ") + ");\n";
  }
  return sql + foreign_keys;
}

std::string mapping_yaml(const Model& model) {
  std::string yaml = "version: 1\nnamespace: " + std::string(kNamespace) + "\ntables: [legacy.*]\n";
  std::string entities;
  for (const ModelTable& table : model.tables) {
    if (table.has_adopted_ids)
      entities += "  " + table.entity + ": { adopt: \"SELECT k, u FROM public.adopted_" + table.entity + "\" }\n";
  }
  if (!entities.empty()) yaml += "entities:\n" + entities;
  yaml += "routes:\n";
  for (const ModelRoute& route : model.routes) {
    const ModelTable& table = model.tables[route.from];
    yaml +=
        "  - name: " + route.name + "\n    from: " + yaml_string(source_name(table)) + "\n    to: " + route.name + "\n";
    if (route.entity.empty()) {
      yaml += "    id: null\n    conflict: [" + joined(route.conflict, ", ") + "]\n";
    } else {
      yaml += "    entity: " + route.entity + "\n";
      if (table.is_by_code) yaml += "    key: [code]\n";
    }
    if (route.on_delete == OnDelete::Keep) yaml += "    on_delete: keep\n";
    if (route.on_delete == OnDelete::Mark) yaml += "    on_delete: { set: { gone: \"true\" } }\n";
    if (!route.joins.empty()) yaml += "    join:\n" + route.joins;
    if (!route.where.empty()) yaml += "    where: " + yaml_string(route.where) + "\n";
    yaml += "    columns:\n";
    for (const ModelTargetColumn& column : route.columns) {
      yaml += "      " + yaml_string(sql_name(column.name)) + ": ";
      yaml += column.missing
                  ? "{ expr: " + yaml_string(column.expression) + ", missing: " + yaml_of(*column.missing) + " }\n"
                  : yaml_string(column.expression) + "\n";
    }
  }
  return yaml;
}

}  // namespace tests
