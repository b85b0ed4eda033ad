#include "mapping/yaml_source.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "mapping/spelling.hpp"

namespace mapping {

namespace {

SourcePosition position_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Reads the nodes of one file. Every function throws Error(Mapping) with the position of the node in hand.
class Reader {
 public:
  Reader(std::string path, std::string text) {
    file_.path = std::move(path);
    file_.text = std::move(text);
  }

  MappingFile read() && {
    const YAML::Node root = load();
    each_key(root, "the mapping",
             {{"version", [&](const YAML::Node& node) { read_version(node); }},
              {"namespace", [&](const YAML::Node& node) { read_namespace(node); }},
              {"tables", [&](const YAML::Node& node) { file_.tables = scalars(node, "tables"); }},
              {"ignore", [&](const YAML::Node& node) { file_.ignore = scalar_pairs(node, "ignore"); }},
              {"entities", [&](const YAML::Node& node) { read_entities(node); }},
              {"routes", [&](const YAML::Node& node) { read_routes(node); }},
              {"reconcile", [&](const YAML::Node& node) { read_reconcile(node); }},
              {"settle", [&](const YAML::Node& node) { read_settle(node); }},
              {"cleanup", [&](const YAML::Node& node) { read_cleanup(node); }}},
             {"version", "namespace", "routes"});
    return std::move(file_);
  }

 private:
  using Handler = std::function<void(const YAML::Node&)>;
  using Handlers = std::vector<std::pair<std::string, Handler>>;

  [[noreturn]] void fail(SourcePosition at, std::string message, std::string remedy = {}) const {
    throw core::Error(core::ErrorKind::Mapping, std::move(message))
        .with("file", file_.path)
        .with("line", std::to_string(at.line))
        .with("column", std::to_string(at.column))
        .remedy(std::move(remedy));
  }

  YAML::Node load() const {
    try {
      std::vector<YAML::Node> documents = YAML::LoadAll(file_.text);
      if (documents.size() == 1) return documents.front();
      fail({1, 1}, documents.empty() ? "the mapping is empty" : "the mapping has more than one YAML document",
           "write one document, beginning with 'version: 1'");
    } catch (const YAML::Exception& error) {
      fail(error.mark.is_null() ? SourcePosition{1, 1} : position_of(error.mark), "not valid YAML: " + error.msg,
           "mind indentation, and put values that contain ': ', ' #', quotes or braces in quotes");
    }
  }

  // Aliases (`*x`) share the mark of their anchor; a value that is left empty has none: then the key's counts.
  static SourcePosition position_or(const YAML::Node& node, SourcePosition other) {
    return node.Mark().is_null() || node.Mark().line < 0 ? other : position_of(node.Mark());
  }
  SourcePosition here(const YAML::Node& node) const { return position_or(node, position_); }

  void each_key(const YAML::Node& node, const std::string& what, const Handlers& handlers,
                const std::vector<std::string>& required = {}) {
    const SourcePosition start = here(node);
    std::set<std::string> seen;
    each_pair(node, what, [&](const Scalar& key, const YAML::Node& value) {
      const auto handler =
          std::find_if(handlers.begin(), handlers.end(), [&](const auto& entry) { return entry.first == key.text; });
      if (handler == handlers.end()) {
        std::vector<std::string> names;
        for (const auto& [name, function] : handlers) names.push_back(name);
        std::string remedy = did_you_mean(key.text, names);
        if (remedy.empty()) {
          remedy = "known keys:";
          for (const std::string& name : names) remedy += " " + name;
        }
        fail(key.at, "unknown key '" + key.text + "' in " + what, remedy);
      }
      seen.insert(key.text);
      handler->second(value);
    });
    for (const std::string& name : required) {
      if (!seen.contains(name)) fail(start, what + " has no '" + name + "'", "add '" + name + ":'");
    }
  }

  void each_pair(const YAML::Node& node, const std::string& what,
                 const std::function<void(const Scalar&, const YAML::Node&)>& visit) {
    if (!node.IsMap()) fail(here(node), what + " must be a map (key: value)");
    std::set<std::string> seen;
    for (const auto& entry : node) {
      const Scalar key = scalar(entry.first, "a key of " + what);
      if (!seen.insert(key.text).second) {
        fail(key.at, "duplicate key '" + key.text + "' in " + what, "remove one of the two");
      }
      position_ = key.at;
      visit(key, entry.second);
    }
  }

  Scalar scalar(const YAML::Node& node, const std::string& what) const {
    const SourcePosition at = here(node);
    if (node.IsNull()) fail(at, what + " is empty", "give it a value, or leave the key out");
    if (!node.IsScalar()) fail(at, what + " must be a single value, not a list or a map");
    return {node.Scalar(), at, node.Mark().is_null() ? file_.text.size() : static_cast<std::size_t>(node.Mark().pos)};
  }

  Scalar text(const YAML::Node& node, const std::string& what) const {
    Scalar value = scalar(node, what);
    if (value.text.empty()) fail(value.at, what + " is empty", "give it a value, or leave the key out");
    return value;
  }

  bool boolean(const YAML::Node& node, const std::string& what) const {
    const Scalar value = scalar(node, what);
    if (value.text == "true") return true;
    if (value.text != "false") fail(value.at, what + " must be true or false, not '" + value.text + "'");
    return false;
  }

  // A list of scalars; a single scalar counts as a list of one.
  std::vector<Scalar> scalars(const YAML::Node& node, const std::string& what) const {
    if (node.IsScalar()) return {text(node, what)};
    if (!node.IsSequence()) fail(here(node), what + " must be a list");
    std::vector<Scalar> values;
    for (const YAML::Node& item : node) values.push_back(text(item, "an entry of " + what));
    return values;
  }

  std::vector<ScalarPair> scalar_pairs(const YAML::Node& node, const std::string& what) {
    std::vector<ScalarPair> pairs;
    each_pair(node, what, [&](const Scalar& key, const YAML::Node& value) {
      pairs.emplace_back(key, text(value, "'" + key.text + "' in " + what));
    });
    return pairs;
  }

  template <typename Enum>
  Enum choice(const YAML::Node& node, const std::string& what,
              const std::vector<std::pair<std::string, Enum>>& choices) const {
    std::vector<std::string> names;
    for (const auto& [name, value] : choices) names.push_back(name);
    if (node.IsNull()) {
      const bool has_null = std::find(names.begin(), names.end(), "null") != names.end();
      fail(here(node), what + " is empty", has_null ? "write \"null\" in quotes" : "give it a value");
    }
    const Scalar given = scalar(node, what);
    for (const auto& [name, value] : choices) {
      if (name == given.text) return value;
    }
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
    const std::string hint = did_you_mean(given.text, names);
    fail(given.at, "unknown value '" + given.text + "' of " + what,
         (hint.empty() ? "" : hint + " ") + "it is one of: " + all);
  }

  Missing missing(const YAML::Node& node) const {
    return choice<Missing>(node, "missing",
                           {{"park", Missing::Park},
                            {"null", Missing::Null},
                            {"filter", Missing::Filter},
                            {"quarantine", Missing::Quarantine}});
  }

  void read_version(const YAML::Node& node) const {
    const Scalar version = scalar(node, "version");
    if (version.text != "1") {
      fail(version.at, "version '" + version.text + "' of the mapping language is not known", "write 'version: 1'");
    }
  }

  void read_namespace(const YAML::Node& node) {
    const Scalar name_space = text(node, "namespace");
    const std::optional<core::Uuid> uuid = core::Uuid::parse(name_space.text);
    if (!uuid) fail(name_space.at, "namespace '" + name_space.text + "' is not a UUID", "write its 36-character form");
    file_.name_space = *uuid;
  }

  void read_entities(const YAML::Node& node) {
    each_pair(node, "entities", [&](const Scalar& name, const YAML::Node& value) {
      EntityEntry entity{name, {}};
      if (!value.IsNull()) {
        each_key(value, "entity '" + name.text + "'",
                 {{"adopt", [&](const YAML::Node& sql) { entity.adopt = text(sql, "adopt"); }}});
      }
      file_.entities.push_back(std::move(entity));
    });
  }

  void read_routes(const YAML::Node& node) {
    if (!node.IsSequence()) fail(here(node), "routes must be a list");
    if (node.size() == 0) fail(here(node), "there are no routes");
    for (const YAML::Node& item : node) file_.routes.push_back(route(item));
  }

  RouteEntry route(const YAML::Node& node) {
    RouteEntry route;
    route.at = here(node);
    each_key(node, "a route",
             {{"name", [&](const YAML::Node& value) { route.name = text(value, "name"); }},
              {"from", [&](const YAML::Node& value) { route.from = text(value, "from"); }},
              {"to", [&](const YAML::Node& value) { route.to = text(value, "to"); }},
              {"entity", [&](const YAML::Node& value) { route.entity = text(value, "entity"); }},
              {"key", [&](const YAML::Node& value) { route.key = scalars(value, "key"); }},
              {"id", [&](const YAML::Node& value) { read_id(value, route); }},
              {"conflict", [&](const YAML::Node& value) { route.conflict = scalars(value, "conflict"); }},
              {"join", [&](const YAML::Node& value) { read_joins(value, route); }},
              {"where", [&](const YAML::Node& value) { route.where = text(value, "where"); }},
              {"columns", [&](const YAML::Node& value) { route.columns = columns(value, "columns"); }},
              {"on_delete", [&](const YAML::Node& value) { read_on_delete(value, route); }},
              {"on_truncate", [&](const YAML::Node& value) { read_on_truncate(value, route); }},
              {"owns", [&](const YAML::Node& value) { read_owns(value, route); }}},
             {"from", "to", "columns"});
    return route;
  }

  void read_id(const YAML::Node& node, RouteEntry& route) const {
    if (node.IsNull()) {
      route.has_no_id = true;
    } else {
      route.id = text(node, "id");
    }
  }

  void read_joins(const YAML::Node& node, RouteEntry& route) {
    each_pair(node, "join", [&](const Scalar& alias, const YAML::Node& value) {
      JoinEntry join;
      join.alias = alias;
      each_key(value, "join '" + alias.text + "'",
               {{"from", [&](const YAML::Node& from) { join.from = text(from, "from"); }},
                {"on", [&](const YAML::Node& on) { join.on = scalar_pairs(on, "on"); }},
                {"many", [&](const YAML::Node& many) { join.is_many = boolean(many, "many"); }},
                {"static", [&](const YAML::Node& flag) { join.is_static = boolean(flag, "static"); }}},
               {"from", "on"});
      if (join.on.empty()) fail(alias.at, "join '" + alias.text + "' has nothing to join on");
      route.joins.push_back(std::move(join));
    });
  }

  std::vector<ColumnEntry> columns(const YAML::Node& node, const std::string& what) {
    std::vector<ColumnEntry> entries;
    each_pair(node, what, [&](const Scalar& name, const YAML::Node& value) {
      ColumnEntry column;
      column.name = name;
      if (value.IsNull()) {
        column.is_yaml_null = true;
        column.expression = {"", here(value), file_.text.size()};
      } else if (value.IsMap()) {
        each_key(value, "column '" + name.text + "'",
                 {{"expr", [&](const YAML::Node& expr) { column.expression = text(expr, "expr"); }},
                  {"missing",
                   [&](const YAML::Node& given) {
                     column.missing_at = here(given);
                     column.missing = missing(given);
                   }}},
                 {"expr"});
      } else {
        column.expression = text(value, "column '" + name.text + "'");
      }
      entries.push_back(std::move(column));
    });
    return entries;
  }

  void read_on_delete(const YAML::Node& node, RouteEntry& route) {
    if (node.IsMap()) {
      route.on_delete = OnDelete::Set;
      each_key(node, "on_delete", {{"set", [&](const YAML::Node& set) { route.set_on_delete = columns(set, "set"); }}},
               {"set"});
      if (route.set_on_delete.empty()) fail(here(node), "on_delete: set has no columns", "write 'on_delete: keep'");
      return;
    }
    route.on_delete = choice<OnDelete>(node, "on_delete", {{"delete", OnDelete::Delete}, {"keep", OnDelete::Keep}});
  }

  void read_on_truncate(const YAML::Node& node, RouteEntry& route) const {
    route.on_truncate = choice<OnTruncate>(
        node, "on_truncate", {{"delete", OnTruncate::Delete}, {"keep", OnTruncate::Keep}, {"stop", OnTruncate::Stop}});
  }

  void read_owns(const YAML::Node& node, RouteEntry& route) const {
    route.owns_all = choice<bool>(node, "owns", {{"all", true}, {"mapped", false}});
  }

  void read_reconcile(const YAML::Node& node) {
    if (!node.IsSequence()) fail(here(node), "reconcile must be a list");
    for (const YAML::Node& item : node) {
      ReconcileEntry entry;
      each_key(item, "a reconcile entry",
               {{"name", [&](const YAML::Node& value) { entry.name = text(value, "name"); }},
                {"source", [&](const YAML::Node& value) { entry.source = text(value, "source"); }},
                {"target", [&](const YAML::Node& value) { entry.target = text(value, "target"); }}},
               {"name", "source", "target"});
      file_.reconcile.push_back(std::move(entry));
    }
  }

  void read_settle(const YAML::Node& node) {
    each_key(node, "settle", {{"keep_disabled", [&](const YAML::Node& names) {
                                 file_.settle.keep_disabled = scalars(names, "keep_disabled");
                               }}});
  }

  void read_cleanup(const YAML::Node& node) {
    each_key(node, "cleanup",
             {{"drop_columns",
               [&](const YAML::Node& tables) {
                 each_pair(tables, "drop_columns", [&](const Scalar& table, const YAML::Node& names) {
                   file_.cleanup.drop_columns.emplace_back(table, scalars(names, "drop_columns"));
                 });
               }},
              {"also_drop", [&](const YAML::Node& names) { file_.cleanup.also_drop = scalars(names, "also_drop"); }}});
  }

  MappingFile file_;
  SourcePosition position_{1, 1};  // of the last key read, for values that have no position of their own
};

}  // namespace

MappingFile parse_mapping(std::string path, std::string text) {
  return Reader(std::move(path), std::move(text)).read();
}

}  // namespace mapping
