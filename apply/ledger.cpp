#include "apply/ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "apply/ledger_sql.hpp"
#include "core/array_literal.hpp"
#include "core/error.hpp"
#include "pg/quoting.hpp"

namespace apply {

namespace {

/// SQL for a jsonb of the columns of the row `t` that the route writes references into, each as text.
std::string held_references(const mapping::Route& route) {
  std::string names;
  std::string values;
  for (const mapping::TargetColumn& column : route.columns) {
    if (column.refs.empty()) continue;
    const char* comma = names.empty() ? "" : ", ";
    names += comma + pg::quote_literal(column.name);
    values += comma + ("t." + pg::quote_identifier(column.name)) + "::text";
  }
  return fmt::format("pg_catalog.jsonb_object(array[{}]::text[], array[{}]::text[])", names, values);
}

/// Of columns `run`, `token`, `host`, `pid`, `since` and `directory`, from `first` on.
SlotOwner owner_at(const pg::Result& result, std::size_t first) {
  return {.run = result.text(0, first),
          .directory = result.text(0, first + 5),
          .token = result.text(0, first + 1),
          .host = result.text(0, first + 2),
          .pid = result.text(0, first + 3),
          .since = result.text(0, first + 4)};
}

}  // namespace

Ledger::Ledger(std::string schema, std::string slot)
    : schema_(std::move(schema)), slot_(std::move(slot)), quarantine_(schema_) {}

std::string Ledger::sql(std::string_view text) const {
  return fmt::format(fmt::runtime(text), fmt::arg("schema", pg::quote_identifier(schema_)));
}

bool Ledger::stores_mappings(const mapping::Plan& plan, const mapping::Entity& entity) {
  if (entity.routes.empty()) return true;
  const mapping::Route& route = plan.route(entity.routes.front());
  if (!route.legacy_key_column || !route.id_column) return true;
  // A table that several routes fill mixes the keys of several entities in that column.
  return std::count_if(plan.routes.begin(), plan.routes.end(),
                       [&](const mapping::Route& other) { return other.to == route.to; }) > 1;
}

void Ledger::create(pg::Session& session, const mapping::Plan& plan) const {
  session.exec(sql(ledger_sql::kCreate));
  std::string view = fmt::format(
      "create or replace view {0}.migration_mappings (entity, legacy_key, uuid, adopted) as "
      "select entity, legacy_key, uuid, adopted from {0}.stored_mappings",
      pg::quote_identifier(schema_));
  for (const mapping::Entity& entity : plan.entities) {
    if (stores_mappings(plan, entity)) continue;
    const mapping::Route& route = plan.route(entity.routes.front());
    view += fmt::format(
        " union all select {0}, t.{1}::text, t.{2}, false from {3} t where t.{1} is not null and not exists (select "
        "from "
        "{4}.stored_mappings m where m.entity = {0} and m.legacy_key = t.{1}::text)",
        pg::quote_literal(entity.name), pg::quote_identifier(*route.legacy_key_column),
        pg::quote_identifier(*route.id_column), pg::quote_name(route.to), pg::quote_identifier(schema_));
  }
  // The switch makes a table of it, which stays.
  const std::string mappings = pg::quote_name({schema_, "migration_mappings"});
  if (!session.exec(ledger_sql::kIsTable, {std::string_view{mappings}}).is_true(0, 0)) session.exec(view);
  // Default privileges grant new tables to the platform's roles; taken back in the same breath.
  session.exec(fmt::format(fmt::runtime(ledger_sql::kClose),
                           fmt::arg("schema_literal", pg::quote_literal(pg::quote_identifier(schema_)))));
}

bool Ledger::exists(pg::Session& session) const {
  const std::string table = pg::quote_identifier(schema_) + ".checkpoint";
  return session.exec("select pg_catalog.to_regclass($1) is not null", {table}).is_true(0, 0);
}

std::optional<Checkpoint> Ledger::read_checkpoint(pg::Session& session) const {
  const pg::Result result = session.exec(sql(ledger_sql::kReadCheckpoint), {slot_});
  if (result.rows() == 0) return std::nullopt;
  const auto lsn = [&](std::size_t column) { return core::Lsn::parse(result.text(0, column)).value_or(core::Lsn{}); };
  return Checkpoint{{result.text(0, 0), static_cast<std::uint32_t>(result.integer(0, 1)), result.text(0, 2)},
                    lsn(3),
                    lsn(4),
                    result.text(0, 5),
                    result.text(0, 6),
                    std::stod(result.text(0, 7)),
                    owner_at(result, 8)};
}

std::optional<core::Lsn> Ledger::lock_checkpoint(pg::Session& session, Lock lock) const {
  // Together with BEGIN in one round trip, which leaves no room for parameters.
  const pg::Result result = session.exec(
      fmt::format(fmt::runtime(ledger_sql::kLockCheckpoint), fmt::arg("schema", pg::quote_identifier(schema_)),
                  fmt::arg("slot", pg::quote_literal(slot_)),
                  fmt::arg("columns", token_.empty() ? ledger_sql::kLockedPosition : ledger_sql::kLockedOwner),
                  fmt::arg("lock", lock == Lock::Exclusive ? "update" : "share")));
  try {
    require_owner(result);
  } catch (const core::Error&) {
    session.exec("ROLLBACK");
    throw;
  }
  if (result.rows() == 0) return std::nullopt;
  return core::Lsn::parse(result.text(0, 0));
}

void Ledger::require_owner(const pg::Result& locked) const {
  if (token_.empty()) return;
  const SlotOwner owner = locked.rows() == 0 ? SlotOwner{} : owner_at(locked, 1);
  if (owner.token != token_) throw taken_over(slot_, owner);
}

void Ledger::require_owner(pg::Session& session) const {
  if (!token_.empty()) require_owner(session.exec(sql(ledger_sql::kReadOwner), {slot_}));
}

void Ledger::take_checkpoint(pg::Session& session, const SlotOwner& owner, const Checkpoint& seen) const {
  const std::string lsn = seen.applied.to_string();
  if (session
          .exec(sql(ledger_sql::kTakeCheckpoint), {slot_, owner.run, owner.token, owner.host, owner.pid, lsn,
                                                   std::string_view{seen.owner.token}, owner.directory})
          .affected_rows() == 1)
    return;
  throw core::Error{core::ErrorKind::Refused,
                    "the checkpoint on the target has changed while this agent started: another agent has started too"}
      .with("slot", slot_)
      .with("checkpoint_lsn", lsn)
      .remedy("stop one of the two, only one may run per slot; then start the other one again");
}

void Ledger::create_checkpoint(pg::Session& session, const Checkpoint& checkpoint) const {
  const std::string timeline = std::to_string(checkpoint.source.timeline);
  const std::string lsn = checkpoint.applied.to_string();
  session.exec(sql(ledger_sql::kCreateCheckpoint),
               {slot_, checkpoint.source.system_identifier, timeline, checkpoint.source.database, lsn,
                pg::Param{checkpoint.source_mark}});
}

void Ledger::note_source(pg::Session& session, std::uint32_t timeline, std::string_view source_mark) const {
  const std::string number = std::to_string(timeline);
  session.exec(sql(ledger_sql::kNoteSource), {slot_, number, source_mark, token_});
}

void Ledger::note_mapping(pg::Session& session, std::string_view mapping) const {
  session.exec(sql(ledger_sql::kNoteMapping), {slot_, mapping, token_});
}

void Ledger::advance_checkpoint(pg::Session& session, core::Lsn applied,
                                std::optional<std::string> counters_json) const {
  const std::string lsn = applied.to_string();
  const pg::Param counters = counters_json ? pg::Param{*counters_json} : std::nullopt;
  if (session.exec(sql(ledger_sql::kAdvanceCheckpoint), {slot_, lsn, counters}).affected_rows() == 1) return;
  throw core::Error{core::ErrorKind::Refused,
                    "the checkpoint on the target is missing or already ahead: another agent writes to this target"}
      .with("slot", slot_)
      .with("lsn", lsn)
      .remedy("stop the other agent; only one may run per slot");
}

void Ledger::store_mappings(pg::Session& session, std::string_view entity,
                            std::span<const std::pair<std::string, std::string>> key_and_uuid, bool adopted) const {
  if (key_and_uuid.empty()) return;
  std::vector<std::string> keys;
  std::vector<std::string> uuids;
  for (const auto& [key, uuid] : key_and_uuid) {
    keys.push_back(key);
    uuids.push_back(uuid);
  }
  const std::string key_array = core::text_array(keys);
  const std::string uuid_array = core::text_array(uuids);
  session.exec(sql(ledger_sql::kStoreMappings), {entity, key_array, uuid_array, adopted ? "t" : "f"});
}

void Ledger::forget_mappings(pg::Session& session, std::string_view entity, std::span<const std::string> keys) const {
  if (keys.empty()) return;
  const std::string key_array = core::text_array(keys);
  session.exec(sql(ledger_sql::kForgetMappings), {entity, key_array});
}

std::vector<std::pair<std::string, std::string>> Ledger::read_adopted(pg::Session& session,
                                                                      std::string_view entity) const {
  const pg::Result result = session.exec(sql(ledger_sql::kReadAdopted), {entity});
  std::vector<std::pair<std::string, std::string>> adopted;
  for (std::size_t row = 0; row < result.rows(); ++row) adopted.emplace_back(result.text(row, 0), result.text(row, 1));
  return adopted;
}

std::size_t Ledger::note_found_rows(pg::Session& session, const mapping::Plan& plan) const {
  std::size_t noted = 0;
  for (const mapping::Route& route : plan.routes) {
    std::string key;
    for (const std::string& column : route.id_column ? std::vector{*route.id_column} : route.conflict) {
      key += (key.empty() ? "t." : ", t.") + pg::quote_identifier(column) + "::text";
    }
    const auto found = static_cast<std::int64_t>(
        session
            .exec(fmt::format(fmt::runtime(ledger_sql::kNoteFound), fmt::arg("schema", pg::quote_identifier(schema_)),
                              fmt::arg("table", pg::quote_name(route.to)), fmt::arg("key", key),
                              fmt::arg("held", held_references(route))),
                  {std::string_view{route.name}})
            .affected_rows());
    noted += static_cast<std::size_t>(
        session.exec(sql(ledger_sql::kNoteRouteFound), {std::string_view{route.name}, std::to_string(found)})
            .affected_rows());
  }
  return noted;
}

void Ledger::remember_target_keys(pg::Session& session, std::string_view route, const TargetKeyChanges& changes) const {
  const auto write = [&](bool is_on_target, std::string_view statement) {
    std::vector<std::string> keys;
    std::vector<std::string> target_keys;
    for (const auto& [key, is_there] : changes) {
      if (is_there != is_on_target) continue;
      keys.push_back(key.first);
      target_keys.push_back(core::text_array(core::key_values(key.second)));
    }
    if (keys.empty()) return;
    const std::string key_array = core::text_array(keys);
    const std::string target_array = core::text_array(target_keys);
    session.exec(sql(statement), {route, key_array, target_array});
  };
  write(true, ledger_sql::kRememberKeys);
  write(false, ledger_sql::kForgetKeys);
}

std::vector<std::pair<std::string, std::vector<std::string>>> Ledger::read_target_keys(
    pg::Session& session, const mapping::Route& route) const {
  const pg::Result result = session.exec(sql(ledger_sql::kReadRemembered), {route.name});
  std::vector<std::pair<std::string, std::vector<std::string>>> remembered;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < route.conflict.size() && i + 1 < result.columns(); ++i)
      values.push_back(result.text(row, i + 1));
    remembered.emplace_back(result.text(row, 0), std::move(values));
  }
  return remembered;
}

void Ledger::write_control(pg::Session& session, const Control& control) const {
  const std::string total = std::to_string(control.total);
  const std::string processed = std::to_string(control.processed);
  const std::string failed = std::to_string(control.failed);
  session.exec(sql(ledger_sql::kControl),
               {control.run, control.phase, control.route, control.status, total, processed, failed, control.detail});
}

}  // namespace apply
