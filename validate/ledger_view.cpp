#include "validate/ledger_view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/array_literal.hpp"
#include "core/error.hpp"
#include "core/uuid.hpp"
#include "pg/quoting.hpp"
#include "validate/ledger_view_sql.hpp"

namespace validate {

namespace {

constexpr std::size_t kMostKeyColumns = 8;  // that the ledger gives back of a route without an id

/// Nothing when the text is no key of this entity.
std::optional<core::RowKey> entity_key(const mapping::Entity& entity, const std::string& text) {
  try {
    return core::parse_key(entity.key_types, text);
  } catch (const core::Error&) {
    return std::nullopt;
  }
}

}  // namespace

LedgerView::LedgerView(pg::Session& session, std::string schema, const mapping::Plan& plan)
    : schema_(std::move(schema)), routes_(plan.routes.size()) {
  if (!session.exec("select pg_catalog.to_regclass($1) is not null", {pg::quote_identifier(schema_) + ".quarantine"})
           .is_true(0, 0)) {
    throw core::Error{core::ErrorKind::Refused, "there is no ledger on the target: nothing was ever copied"}
        .with("schema", schema_)
        .remedy("run `agent run`, or check target.ledger_schema");
  }
  const pg::Result lines = session.exec(sql(ledger_sql::kQuarantine));
  for (std::size_t line = 0; line < lines.rows(); ++line) {
    const mapping::Route* route = plan.find_route(lines.text(line, 0));
    if (route == nullptr) continue;
    OfRoute& of = routes_[route->id.index()];
    if (lines.is_true(line, 2)) {
      of.quarantined.emplace(lines.text(line, 1), lines.text(line, 4));
    } else if (lines.is_true(line, 3)) {
      of.accepted.insert(lines.text(line, 1));
    }
  }
  const pg::Result unremoved = session.exec(sql(ledger_sql::kUnremoved));
  for (std::size_t line = 0; line < unremoved.rows(); ++line) {
    const mapping::Route* route = plan.find_route(unremoved.text(line, 0));
    if (route == nullptr) continue;
    std::vector<std::string> key;
    const std::size_t columns = route->id_column ? 1 : std::min(route->conflict.size(), kMostKeyColumns);
    for (std::size_t i = 0; i < columns; ++i) key.push_back(unremoved.text(line, 1 + i));
    routes_[route->id.index()].unremoved.insert(core::text_key(core::text_values(key)));
  }
}

std::string LedgerView::sql(std::string_view text) const {
  return fmt::format(fmt::runtime(text), fmt::arg("schema", pg::quote_identifier(schema_)));
}

const std::string* LedgerView::quarantined(core::RouteId route, const std::string& legacy_key) const {
  const auto& known = routes_[route.index()].quarantined;
  const auto found = known.find(legacy_key);
  return found == known.end() ? nullptr : &found->second;
}

bool LedgerView::is_accepted(core::RouteId route, const std::string& legacy_key) const {
  return routes_[route.index()].accepted.contains(legacy_key);
}

bool LedgerView::is_unremoved(core::RouteId route, const std::vector<std::string>& target_key) const {
  const auto& known = routes_[route.index()].unremoved;
  return !known.empty() && known.contains(core::text_key(core::text_values(target_key)));
}

void LedgerView::adopt_ids(pg::Session& session, const mapping::Plan& plan, state::Store& store) const {
  for (const mapping::Entity& entity : plan.entities) {
    if (entity.adopt.empty()) continue;
    const pg::Result lines = session.exec(sql(ledger_sql::kAdopted), {entity.name});
    std::vector<state::Store::Adopted> ids;
    for (std::size_t line = 0; line < lines.rows(); ++line) {
      const auto key = entity_key(entity, lines.text(line, 0));
      const auto uuid = core::Uuid::parse(lines.text(line, 1));
      if (key && uuid) ids.push_back({*key, *uuid});
    }
    store.adopt(entity.id, std::move(ids));
  }
}

std::vector<LedgerView::Owned> LedgerView::owned(pg::Session& session, const mapping::Plan& plan,
                                                 const mapping::Route& route,
                                                 const std::vector<std::vector<std::string>>& target_keys) const {
  std::vector<Owned> owned;
  std::vector<std::string> texts;
  for (const auto& key : target_keys) texts.push_back(route.id_column ? key.front() : core::text_array(key));
  const std::string keys = core::text_array(texts);
  if (route.id_column) {
    const pg::Result lines = session.exec(sql(ledger_sql::kKnownIds), {plan.entity(*route.entity).name, keys});
    for (std::size_t line = 0; line < lines.rows(); ++line)
      owned.push_back({lines.text(line, 0), {lines.text(line, 1)}});
    return owned;
  }
  std::unordered_map<std::string, std::size_t> position;
  for (std::size_t i = 0; i < texts.size(); ++i) position.emplace(texts[i], i);
  const pg::Result lines = session.exec(sql(ledger_sql::kRememberedKeys), {route.name, keys});
  for (std::size_t line = 0; line < lines.rows(); ++line) {
    owned.push_back({lines.text(line, 0), target_keys[position.at(lines.text(line, 1))]});
  }
  return owned;
}

}  // namespace validate
