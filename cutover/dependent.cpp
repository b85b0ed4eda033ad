#include "cutover/dependent.hpp"

#include <algorithm>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <tuple>

#include "core/array_literal.hpp"
#include "cutover/definition.hpp"
#include "cutover/dependent_sql.hpp"
#include "pg/quoting.hpp"

namespace cutover {

namespace {

/// As pg_depend names things.
struct Address {
  std::string catalog;
  std::string object;
  std::string column = "0";
  friend auto operator<=>(const Address&, const Address&) = default;
};

struct Node {
  int depth = 0;
  core::QualifiedName table;  ///< of the column that it hangs on
  bool is_column = false;     ///< one of those that go
  bool is_silent = false;     ///< internal to something else: it comes and goes with that
  bool is_part = false;       ///< belongs to a dependent as a whole
};

class Search {
 public:
  explicit Search(pg::Session& session) : session_(session) {}

  void add(const GoingColumns& going) {
    const std::string table = pg::quote_name(going.table);
    const std::string names = core::text_array(going.columns);
    const pg::Result columns =
        session_.exec(dependent_sql::kColumns, {std::string_view{table}, std::string_view{names}});
    for (std::size_t row = 0; row < columns.rows(); ++row) {
      const Address column{relations(), columns.text(row, 0), columns.text(row, 1)};
      nodes_[column] = {.table = going.table, .is_column = true};
      going_[column.object].insert(column.column);
      waiting_.push_back(column);
    }
  }

  std::vector<Dependent> run() {
    while (!waiting_.empty()) {
      const Address from = waiting_.front();
      waiting_.pop_front();
      follow(from);
    }
    std::vector<Dependent> found;
    for (const auto& [address, node] : nodes_) {
      if (!node.is_column && !node.is_silent) found.push_back(describe(address, node));
    }
    std::ranges::stable_sort(found, [](const Dependent& a, const Dependent& b) {
      return std::tie(b.depth, a.kind, a.name) < std::tie(a.depth, b.kind, b.name);
    });
    return found;
  }

 private:
  /// The class of relations and their columns.
  const std::string& relations() {
    if (relations_.empty()) {
      relations_ = session_.exec("select 'pg_catalog.pg_class'::regclass::oid").text(0, 0);
    }
    return relations_;
  }

  void follow(const Address& from) {
    const Node parent = nodes_.at(from);
    const pg::Result direct =
        session_.exec(dependent_sql::kDirect,
                      {std::string_view{from.catalog}, std::string_view{from.object}, std::string_view{from.column}});
    for (std::size_t row = 0; row < direct.rows(); ++row) {
      const Address to{direct.text(row, 0), direct.text(row, 1), direct.text(row, 2)};
      if (to == from || is_within(to, from)) continue;
      const std::string how = direct.text(row, 3);
      const auto [known, is_new] = nodes_.try_emplace(to);
      Node& node = known->second;
      if (node.is_column) continue;
      if (is_new) node.table = parent.table;
      // Internal things, and those of partitions, come and go with what they belong to; what hangs on them does not.
      if (how == "i" || how == "P" || how == "S" || comes_with_column(to, from, parent)) node.is_silent = true;
      if (how == "a" && !parent.is_column && from.column == "0") node.is_part = true;
      if (!is_new && node.depth >= parent.depth + 1) continue;
      node.depth = parent.depth + 1;
      waiting_.push_back(to);
    }
  }

  /// The columns of a view are the view.
  static bool is_within(const Address& to, const Address& from) {
    return to.catalog == from.catalog && to.object == from.object && from.column == "0";
  }

  /// The default of a going column, and the sequence that it owns.
  bool comes_with_column(const Address& to, const Address& from, const Node& parent) {
    if (!parent.is_column) return false;
    const std::string kind = kind_of(to);
    if (kind == "sequence") return true;
    if (kind != "default") return false;
    const pg::Result own = session_.exec("select adrelid, adnum from pg_catalog.pg_attrdef where oid = $1::oid",
                                         {std::string_view{to.object}});
    return own.text(0, 0) == from.object && own.text(0, 1) == from.column;
  }

  pg::Result identify(const Address& address) {
    return session_.exec(dependent_sql::kIdentify, {std::string_view{address.catalog}, std::string_view{address.object},
                                                    std::string_view{address.column}});
  }

  std::string kind_of(const Address& address) {
    const pg::Result found = identify(address);
    return found.rows() == 0 ? "" : found.text(0, 0);
  }

  Dependent describe(const Address& address, const Node& node) {
    Dependent dependent{
        .kind = "object", .name = {}, .table = node.table, .depth = node.depth, .drop_sql = {}, .again = {}};
    const pg::Result found = identify(address);
    if (found.rows() == 0) {
      dependent.name =
          session_
              .exec(dependent_sql::kDescribe, {std::string_view{address.catalog}, std::string_view{address.object},
                                               std::string_view{address.column}})
              .text(0, 0);
      return dependent;
    }
    CatalogObject object{.oid = static_cast<std::uint32_t>(std::stoul(address.object)),
                         .kind = found.text(0, 0),
                         .name = {found.text(0, 1), found.text(0, 2)},
                         .table = {found.text(0, 3), found.text(0, 4)}};
    dependent.kind = object.kind;
    if (object.kind == "publication") {
      dependent.name = object.name.name + "(" + object.table.display() + ")";
    } else {
      dependent.name =
          object.name.schema.empty() ? object.table.display() + "." + object.name.name : object.name.display();
    }
    dependent.is_rule = found.is_true(0, 6);
    if (node.is_part) dependent.claim = Dependent::Claim::Part;
    if (goes_with_columns(object.kind, found)) dependent.claim = Dependent::Claim::Own;
    Definition definition = define(session_, object);
    dependent.drop_sql = std::move(definition.drop_sql);
    dependent.again = std::move(definition.again);
    return dependent;
  }

  /// Whether it is made of nothing else than going columns of one table.
  bool goes_with_columns(const std::string& kind, const pg::Result& found) const {
    if (kind != "index" && kind != "constraint" && kind != "foreign key" && kind != "statistics object") return false;
    const auto going = going_.find(found.text(0, 7));
    if (going == going_.end() || found.text(0, 5).size() < 3) return false;
    const std::string list = found.text(0, 5);  // {1,2}
    std::string number;
    for (const char c : list.substr(1)) {
      if (c != ',' && c != '}') {
        number += c;
        continue;
      }
      if (!going->second.contains(number)) return false;
      number.clear();
    }
    return true;
  }

  pg::Session& session_;
  std::string relations_;
  std::map<Address, Node> nodes_;
  std::map<std::string, std::set<std::string>> going_;  ///< by table: numbers of the going columns
  std::deque<Address> waiting_;
};

}  // namespace

std::vector<Dependent> find_dependents(pg::Session& session, std::span<const GoingColumns> going) {
  Search search{session};
  for (const GoingColumns& columns : going) search.add(columns);
  return search.run();
}

std::vector<std::string> functions_that_mention(pg::Session& session, std::span<const GoingColumns> going) {
  std::vector<std::string> words;
  for (const GoingColumns& columns : going) words.insert(words.end(), columns.columns.begin(), columns.columns.end());
  if (words.empty()) return {};
  const std::string array = core::text_array(words);
  const pg::Result found = session.exec(dependent_sql::kMentions, {std::string_view{array}});
  std::vector<std::string> functions;
  for (std::size_t row = 0; row < found.rows(); ++row) functions.push_back(found.text(row, 0));
  return functions;
}

}  // namespace cutover
