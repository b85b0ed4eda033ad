#include "validate/unexplained_rows.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "core/array_literal.hpp"
#include "core/error.hpp"
#include "mapping/target_key_text.hpp"
#include "pg/quoting.hpp"
#include "validate/row_comparison.hpp"

namespace validate {

namespace {

// Rows per FETCH, and per question to the ledger.
constexpr int kUnexplainedPiece = 10'000;

/// SQL for the texts by which the route tells its target rows apart.
std::vector<std::string> key_texts(const mapping::Route& route) {
  if (route.id_column) return {pg::quote_identifier(*route.id_column) + "::pg_catalog.text"};
  std::vector<std::string> texts;
  for (const std::string& name : route.conflict) {
    const auto column = std::ranges::find(route.columns, name, &mapping::TargetColumn::name);
    texts.push_back(mapping::target_key_text(column->sql_type, pg::quote_identifier(name)));
  }
  return texts;
}

struct Candidate {
  std::string place;
  std::vector<std::vector<std::string>> keys;  // per route
  std::optional<UnexplainedRow> found;
};

/// The row in the words of one route, as a checksum is made of it.
std::string image_of(const mapping::Route& route) {
  std::string columns = route.id_column ? pg::quote_identifier(*route.id_column) : "";
  for (const mapping::TargetColumn& column : route.columns) {
    columns += (columns.empty() ? "" : ", ") + pg::quote_identifier(column.name);
  }
  return "ROW(" + columns + ")::pg_catalog.text";
}

class Search {
 public:
  Search(const mapping::Plan& plan, std::span<const core::RouteId> routes, const LedgerView& ledger,
         const state::Store& store, TargetReader& target)
      : plan_(plan), ledger_(ledger), store_(store), target_(target) {
    for (const core::RouteId id : routes) routes_.push_back(&plan.route(id));
  }

  void visit_all(const PlaceSet& explained, const std::function<void(UnexplainedRow)>& visit) {
    target_.sql().exec("DECLARE unexplained NO SCROLL CURSOR FOR " + select());
    for (bool is_at_end = false; !is_at_end;) {
      const pg::Result lines = target_.sql().exec("FETCH " + std::to_string(kUnexplainedPiece) + " FROM unexplained");
      is_at_end = lines.rows() == 0;
      std::vector<Candidate> candidates;
      for (std::size_t line = 0; line < lines.rows(); ++line) {
        if (!explained.contains(*lines.get(line, 0))) candidates.push_back(candidate(lines, line));
      }
      classify(candidates);
      for (Candidate& one : candidates) visit(std::move(*one.found));
    }
    target_.sql().exec("CLOSE unexplained");
  }

 private:
  [[nodiscard]] std::string select() const {
    std::string sql = "SELECT tableoid::pg_catalog.text || ctid::pg_catalog.text";
    for (const mapping::Route* route : routes_) {
      for (const std::string& text : key_texts(*route)) sql += ", " + text;
    }
    return sql + " FROM " + pg::quote_name(routes_.front()->to);
  }

  [[nodiscard]] Candidate candidate(const pg::Result& lines, std::size_t line) const {
    Candidate candidate{.place = lines.text(line, 0), .keys = {}, .found = {}};
    std::size_t column = 1;
    for (const mapping::Route* route : routes_) {
      auto& key = candidate.keys.emplace_back();
      for (std::size_t i = 0; i < (route->id_column ? 1 : route->conflict.size()); ++i)
        key.push_back(lines.text(line, column++));
    }
    return candidate;
  }

  void classify(std::vector<Candidate>& candidates) {
    if (candidates.empty()) return;
    for (std::size_t at = 0; at < routes_.size(); ++at) claim(candidates, at);
    // What nobody claims: foreign, unless a route says that there are no such rows.
    const auto owner = std::ranges::find_if(routes_, [](const mapping::Route* route) { return route->owns_all; });
    const std::size_t at = owner == routes_.end() ? 0 : static_cast<std::size_t>(owner - routes_.begin());
    for (Candidate& one : candidates) {
      if (one.found) continue;
      one.found = UnexplainedRow{
          .whose = owner == routes_.end() ? UnexplainedRow::Whose::Foreign : UnexplainedRow::Whose::Extra,
          .route = routes_[at]->id,
          .target_key = one.keys[at],
          .legacy_key = {},
          .is_unremoved = ledger_.is_unremoved(routes_[at]->id, one.keys[at]),
          .checksum = {}};
    }
    add_checksums(candidates);
  }

  /// Those that the id map knows as rows of the route numbered `at`.
  void claim(std::vector<Candidate>& candidates, std::size_t at) {
    const mapping::Route& route = *routes_[at];
    std::vector<std::vector<std::string>> keys;
    std::unordered_map<std::string, std::vector<Candidate*>> by_key;
    for (Candidate& one : candidates) {
      if (one.found) continue;
      keys.push_back(one.keys[at]);
      by_key[core::text_array(one.keys[at])].push_back(&one);
    }
    if (keys.empty()) return;
    for (const LedgerView::Owned& owned : ledger_.owned(target_.sql(), plan_, route, keys)) {
      if (!is_known_id(route, owned)) continue;
      for (Candidate* one : by_key[core::text_array(owned.target_key)]) {
        one->found = UnexplainedRow{.whose = route.on_delete == mapping::OnDelete::Delete || route.owns_all
                                                 ? UnexplainedRow::Whose::Extra
                                                 : UnexplainedRow::Whose::Kept,
                                    .route = route.id,
                                    .target_key = one->keys[at],
                                    .legacy_key = owned.legacy_key,
                                    .is_unremoved = ledger_.is_unremoved(route.id, one->keys[at]),
                                    .checksum = {}};
      }
    }
  }

  /// A table that carries legacy keys may hold rows of others that carry one as well: the agent's own have the UUID that belongs to theirs.
  [[nodiscard]] bool is_known_id(const mapping::Route& route, const LedgerView::Owned& owned) const {
    if (!route.id_column) return true;
    const mapping::Entity& entity = plan_.entity(*route.entity);
    try {
      return store_.uuid(entity.id, core::parse_key(entity.key_types, owned.legacy_key)).to_string() ==
             owned.target_key.front();
    } catch (const core::Error&) {
      return false;  // no key of this entity
    }
  }

  void add_checksums(std::vector<Candidate>& candidates) {
    std::map<core::RouteId, std::vector<Candidate*>> extra;
    for (Candidate& one : candidates) {
      if (one.found->whose == UnexplainedRow::Whose::Extra) extra[one.found->route].push_back(&one);
    }
    for (const auto& [id, rows] : extra) {
      const mapping::Route& route = plan_.route(id);
      std::vector<core::Value> places;
      std::unordered_map<std::string, Candidate*> by_place;
      std::set<std::string> rows_in_tables;  // ctids alone, for the index-like scan by them
      for (Candidate* one : rows) {
        by_place.emplace(one->place, one);
        rows_in_tables.insert(one->place.substr(one->place.find('(')));
      }
      for (const std::string& place : rows_in_tables) places.push_back(core::Value::of(place));
      const std::string list = core::array_literal(places);
      const pg::Result lines = target_.sql().exec(
          "SELECT tableoid::pg_catalog.text || ctid::pg_catalog.text, pg_catalog.md5(" + image_of(route) + ") FROM " +
              pg::quote_name(route.to) + " WHERE ctid = ANY ($1::pg_catalog.text[]::pg_catalog.tid[])",
          {list});
      for (std::size_t line = 0; line < lines.rows(); ++line) {
        const auto found = by_place.find(lines.text(line, 0));
        if (found != by_place.end()) found->second->found->checksum = checksum_of(*lines.get(line, 1));
      }
    }
  }

  const mapping::Plan& plan_;
  const LedgerView& ledger_;
  const state::Store& store_;
  TargetReader& target_;
  std::vector<const mapping::Route*> routes_;
};

}  // namespace

void for_each_unexplained(const mapping::Plan& plan, std::span<const core::RouteId> routes, const PlaceSet& explained,
                          const LedgerView& ledger, const state::Store& store, TargetReader& target,
                          const std::function<void(UnexplainedRow row)>& visit) {
  const std::string count = "SELECT pg_catalog.count(*) FROM " + pg::quote_name(plan.route(routes.front()).to);
  if (target.sql().exec(count).integer(0, 0) == explained.size()) return;
  Search{plan, routes, ledger, store, target}.visit_all(explained, visit);
}

}  // namespace validate
