#include "agent/adoption.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <unordered_set>
#include <vector>

#include "apply/applier.hpp"
#include "apply/operator_name.hpp"
#include "apply/target_session.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "cutover/audit.hpp"
#include "mapping/derive.hpp"
#include "pg/copy_text.hpp"
#include "pg/quoting.hpp"
#include "pg/session.hpp"

namespace agent {

namespace {

// Ids per statement when strays are removed.
constexpr std::size_t kAdoptedPiece = 10'000;

core::Uuid parse_uuid(const mapping::Entity& entity, const std::string& text) {
  if (const auto uuid = core::Uuid::parse(text)) return *uuid;
  throw core::Error(core::ErrorKind::Mapping, "the adopt query's second column is not a UUID")
      .with("entity", entity.name)
      .with("line", std::to_string(entity.at.line))
      .remedy("adopt: must select (legacy key, uuid)");
}

core::Uuid minted(const mapping::Plan& plan, const mapping::Entity& entity, const core::RowKey& key) {
  return core::uuid_v5(plan.name_space, entity.name + ":" + core::key_text(key));
}

/// Drops what minting gives anyway, unless it shares its UUID with a key to which minting gives another.
std::vector<state::Store::Adopted> worth_storing(const mapping::Plan& plan, const mapping::Entity& entity,
                                                 const std::map<core::RowKey, core::Uuid>& ids) {
  std::map<core::Uuid, bool> is_foreign;
  for (const auto& [key, uuid] : ids) is_foreign[uuid] = is_foreign[uuid] || uuid != minted(plan, entity, key);
  std::vector<state::Store::Adopted> worth;
  for (const auto& [key, uuid] : ids) {
    if (is_foreign[uuid]) worth.push_back({key, uuid});
  }
  return worth;
}

std::map<core::RowKey, core::Uuid> ids_in_ledger(const mapping::Entity& entity, const apply::Ledger& ledger,
                                                 pg::Session& target) {
  std::map<core::RowKey, core::Uuid> ids;
  for (const auto& [key, uuid] : ledger.read_adopted(target, entity.name)) {
    ids.emplace(core::parse_key(entity.key_types, key), parse_uuid(entity, uuid));
  }
  return ids;
}

}  // namespace

void restore_adopted_ids(const Environment& environment, state::Store& store, const apply::Ledger& ledger,
                         pg::Session& target) {
  for (const mapping::Entity& entity : environment.plan.entities) {
    if (entity.adopt.empty()) continue;
    const auto adopted = worth_storing(environment.plan, entity, ids_in_ledger(entity, ledger, target));
    std::map<core::RowKey, core::Uuid> known;
    store.for_each_adopted(entity.id, [&](const core::RowKey& key, const core::Uuid& uuid, const core::RowKey&) {
      known.emplace(key, uuid);
    });
    const bool is_right = known.size() == adopted.size() && std::ranges::all_of(adopted, [&](const auto& id) {
                            const auto found = known.find(id.key);
                            return found != known.end() && found->second == id.uuid;
                          });
    if (is_right) continue;
    store.adopt(entity.id, adopted);
    spdlog::warn("local state had other adopted ids than the ledger, which were put right entity={} keys={}",
                 entity.name, adopted.size());
  }
}

void adopt_ids(const Environment& environment, state::Store& store, const apply::Ledger& ledger,
               std::string_view command) {
  pg::Session target(environment.target, "adopt");
  for (const mapping::Entity& entity : environment.plan.entities) {
    if (entity.adopt.empty()) continue;
    std::map<core::RowKey, core::Uuid> ids = ids_in_ledger(entity, ledger, target);
    const std::size_t known = ids.size();
    const pg::Result result = target.exec(entity.adopt);
    for (std::size_t row = 0; row < result.rows(); ++row) {
      if (result.columns() < 2 || !result.get(row, 0) || !result.get(row, 1)) continue;
      ids.emplace(core::parse_key(entity.key_types, result.text(row, 0)), parse_uuid(entity, result.text(row, 1)));
    }
    const auto adopted = worth_storing(environment.plan, entity, ids);
    std::vector<std::pair<std::string, std::string>> stored;
    for (const auto& id : adopted) stored.emplace_back(core::key_text(id.key), id.uuid.to_string());
    {
      pg::TransactionBlock block(target);
      ledger.require_owner(target);
      ledger.store_mappings(target, entity.name, stored, true);
      if (stored.size() > known) {
        cutover::audit(target, environment.config.target.ledger_schema, apply::operator_name(), command, "adopted",
                       {{"entity", entity.name}, {"keys", stored.size()}, {"new", stored.size() - known}});
      }
      block.commit();
    }
    FAILPOINT("after_ids_noted");
    store.adopt(entity.id, adopted);
    FAILPOINT("after_ids_adopted");
    if (!adopted.empty())
      spdlog::info("adopted the ids of an earlier migration entity={} keys={}", entity.name, adopted.size());
  }
}

bool target_has_rows(const Environment& environment) {
  pg::Session target(environment.target, "look");
  return std::any_of(environment.plan.routes.begin(), environment.plan.routes.end(), [&](const mapping::Route& route) {
    return target.exec("SELECT EXISTS (SELECT FROM " + pg::quote_name(route.to) + ")").is_true(0, 0);
  });
}

namespace {

/// The entity keys whose rows a further route of the entity has applied. Only where a row is not found by the entity's key itself.
std::unordered_set<core::RowKey> applied_keys(const mapping::Plan& plan, const mapping::Route& route, std::size_t slot,
                                              const state::Store& store) {
  std::unordered_set<core::RowKey> keys;
  store.scan_keys(route.from, {}, {}, [&](const core::RowKey& key) {
    const auto row = store.row(route.from, key);
    if (row && row->statuses[slot] == core::RowStatus::Applied) {
      keys.insert(mapping::entity_key(plan, route, key, row->image));
    }
    return true;
  });
  return keys;
}

/// A further route of an entity: a key that the entity's first route has may be without a row there.
class FurtherRoute {
 public:
  FurtherRoute(const mapping::Plan& plan, const mapping::Route& route, const state::Store& store)
      : route_(&route), store_(&store), slot_(plan.status_place(route)) {
    if (!route.key_is_primary) applied_ = applied_keys(plan, route, slot_, store);
  }

  [[nodiscard]] const mapping::Route& route() const { return *route_; }
  [[nodiscard]] bool has(const core::RowKey& key) const {
    if (!route_->key_is_primary) return applied_.contains(key);
    const auto row = store_->row(route_->from, key);
    return row && row->statuses[slot_] == core::RowStatus::Applied;
  }

 private:
  const mapping::Route* route_;
  const state::Store* store_;
  std::size_t slot_;
  std::unordered_set<core::RowKey> applied_;
};

/// Counts what the target let go, and says what it did not.
void report(std::string_view what, std::uint64_t removed, std::size_t unremoved) {
  if (removed > 0) spdlog::info("removed {} whose source row is gone rows={}", what, removed);
  if (unremoved > 0) spdlog::warn("the target does not let go {} whose source row is gone rows={}", what, unremoved);
}

void commit_adoption(apply::Applier& applier) {
  applier.commit_target(std::nullopt);
  applier.commit_state(std::nullopt, std::nullopt, state::Overlay::Sync::No);
}

/// Target rows whose UUID the id map knows, of keys that a route does not have.
std::uint64_t remove_strays_with_id(const Environment& environment, const state::Store& store,
                                    apply::Applier& applier) {
  const mapping::Plan& plan = environment.plan;
  pg::Session reader(environment.target, "strays");
  std::map<core::RouteId, std::vector<apply::Applier::TargetRow>> strays;
  for (const mapping::Entity& entity : plan.entities) {
    std::vector<FurtherRoute> further;
    for (const core::RouteId id : entity.routes) {
      const mapping::Route& route = plan.route(id);
      if (id != entity.routes.front() && route.id_column && !route.remove.empty())
        further.emplace_back(plan, route, store);
    }
    reader.copy_out_begin(
        fmt::format("COPY (SELECT legacy_key, uuid FROM {}.migration_mappings WHERE entity = {}) TO STDOUT",
                    pg::quote_identifier(environment.config.target.ledger_schema), pg::quote_literal(entity.name)));
    while (const auto line = reader.copy_out_row()) {
      const core::Row row = pg::decode_copy_line(*line, 2);
      const core::RowKey key = core::parse_key(entity.key_types, row[0].text);
      const bool is_present = store.is_present(entity.id, key);
      if (is_present && further.empty()) continue;
      const std::vector<std::string> uuid{store.uuid(entity.id, key).to_string()};
      // Another UUID under this key: a row that this agent has never written.
      if (uuid.front() != row[1].text) continue;
      if (!is_present) {
        for (const core::RouteId id : entity.routes) {
          const mapping::Route& route = plan.route(id);
          if (route.id_column && !route.remove.empty()) strays[id].push_back({key, apply::target_key_of(uuid)});
        }
        continue;
      }
      // A key that was merged into another has no row of its own.
      if (store.owner(entity.id, key) != key) continue;
      for (const FurtherRoute& one : further) {
        if (!one.has(key)) strays[one.route().id].push_back({key, apply::target_key_of(uuid)});
      }
    }
  }
  // Children first, whatever entity they are of.
  std::vector<const mapping::Route*> routes;
  for (const auto& [id, ids] : strays) routes.push_back(&plan.route(id));
  std::sort(routes.begin(), routes.end(), [](const auto* a, const auto* b) { return a->rank > b->rank; });
  const std::uint64_t before = applier.counts().removed;
  std::size_t unremoved = 0;
  for (const mapping::Route* route : routes) {
    const auto& rows = strays.at(route->id);
    for (std::size_t begin = 0; begin < rows.size(); begin += kAdoptedPiece) {
      unremoved += applier.remove_target_rows(
          *route, std::span{rows}.subspan(begin, std::min(kAdoptedPiece, rows.size() - begin)));
    }
  }
  commit_adoption(applier);
  const std::uint64_t removed = applier.counts().removed - before;
  report("target rows", removed, unremoved);
  return removed;
}

/// Tells the keys as they are told today: one that was remembered in another way may be the row that somebody means now.
void respell(apply::TargetSession& session, const mapping::Route& route,
             std::vector<apply::Applier::TargetRow>& strays) {
  if (route.respell.empty()) return;
  std::vector<std::vector<std::string>> keys;
  keys.reserve(strays.size());
  for (const auto& stray : strays) keys.push_back(core::key_values(stray.target_key));
  std::vector<std::vector<core::Value>> columns(route.conflict.size());
  for (const auto& key : keys) {
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i].push_back(core::Value::of(key[i]));
  }
  const pg::Result today = session.exec_arrays(route.respell, columns);
  for (std::size_t line = 0; line < today.rows(); ++line) {
    std::vector<std::string> key;
    for (std::size_t i = 0; i < columns.size(); ++i) key.push_back(today.text(line, 1 + i));
    strays[static_cast<std::size_t>(today.integer(line, 0)) - 1].target_key = apply::target_key_of(key);
  }
}

/// Target rows of routes without an id that the ledger remembers for legacy rows that are gone.
std::uint64_t remove_strays_without_id(const Environment& environment, const state::Store& store,
                                       const apply::Ledger& ledger, apply::Applier& applier) {
  const mapping::Plan& plan = environment.plan;
  const std::uint64_t before = applier.counts().removed;
  std::size_t unremoved = 0;
  for (const mapping::Route& route : plan.routes) {
    if (route.id_column) continue;
    const mapping::SourceTable& table = plan.table(route.from);
    const std::uint16_t place = plan.status_place(route);
    apply::TargetKeyChanges gone;
    std::vector<apply::Applier::TargetRow> strays;
    for (auto& [legacy_key, values] : ledger.read_target_keys(applier.session().sql(), route)) {
      const core::RowKey key = core::parse_key(table.key_types(), legacy_key);
      const core::RowKey target_key = apply::target_key_of(values);
      const auto row = store.row(table.id, key);
      if (row && row->statuses[place] == core::RowStatus::Applied && row->target_keys[place] == target_key.bytes)
        continue;
      gone[{legacy_key, target_key}] = false;
      strays.push_back({key, target_key});
    }
    if (gone.empty()) continue;
    respell(applier.session(), route, strays);
    unremoved += applier.remove_target_rows(route, strays);
    ledger.remember_target_keys(applier.session().sql(), route.name, gone);
    commit_adoption(applier);
  }
  const std::uint64_t removed = applier.counts().removed - before;
  report("target rows of routes without an id", removed, unremoved);
  return removed;
}

}  // namespace

std::uint64_t remove_strays(const Environment& environment, state::Store& store, const apply::Ledger& ledger) {
  apply::Applier applier{environment.target,
                         environment.plan,
                         store,
                         ledger,
                         {.purpose = "strays", .limit = {}, .run = store.progress().run}};
  FAILPOINT("before_strays_removed");
  const std::uint64_t without_id = remove_strays_without_id(environment, store, ledger, applier);
  FAILPOINT("between_strays_removed");
  const std::uint64_t with_id = remove_strays_with_id(environment, store, applier);
  FAILPOINT("after_strays_removed");
  return without_id + with_id;
}

}  // namespace agent
