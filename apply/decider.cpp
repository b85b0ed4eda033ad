#include "apply/decider.hpp"

#include <algorithm>
#include <array>

#include "apply/ledger.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "mapping/affected.hpp"
#include "mapping/sent_rows.hpp"

namespace apply {

namespace {

// A row is decided once, and again for each parent that comes or goes in the batch. Many more rounds mean that two rows keep undoing each
// other, which no valid mapping can do.
constexpr int kMostDecisions = 1000;
// Rows derived at a time: bounds memory, and is plenty to fill a statement.
constexpr std::size_t kPiece = 10'000;

std::size_t bytes_of(const mapping::Derivation& row) {
  constexpr std::size_t kOverhead = 512;  // of the derivation, its keys and its places in the maps
  std::size_t bytes = kOverhead + row.image.bytes().size();
  for (const auto& joined : row.joined) {
    for (const core::Row& image : joined) bytes += sizeof image + image.bytes().size();
  }
  return bytes;
}

core::RowKey target_key_of(const core::Uuid& uuid) {
  const std::string text = uuid.to_string();
  return core::text_key(std::array{core::Value::of(text)});
}

}  // namespace

Decider::RowState Decider::initial_state(const mapping::Route& route, const core::RowKey& key,
                                         const state::StoredRow* stored) {
  RowState row;
  if (stored == nullptr) return row;
  const std::uint16_t at = plan_.status_place(route);
  row.status = stored->statuses[at];
  if (row.status != core::RowStatus::Applied) return row;
  if (route.entity) {
    const core::RowKey entity_key = mapping::entity_key(plan_, route, key, stored->image);
    row.on_target = target_key_of(overlay_.uuid(*route.entity, entity_key));
    if (plan_.entity(*route.entity).routes.front() == route.id) row.present_as = entity_key;
  } else {
    row.on_target = core::RowKey{stored->target_keys[at]};
  }
  if (waiting_.absent.contains({route.id, key})) row.on_target.reset();
  return row;
}

Decider::RowState& Decider::state_of(const mapping::Route& route, const core::RowKey& key) {
  const RouteRow id{route.id, key};
  const auto found = rows_.find(id);
  if (found != rows_.end()) return found->second;
  return rows_.emplace(id, initial_state(route, key, overlay_.row(route.from, key))).first->second;
}

void Decider::add_row(const mapping::Route& route, const core::RowKey& key) {
  state_of(route, key);  // remembers what is on the target before anything about the row changes
  work_[{route.rank, route.id}].touched.push_back(key);
}

bool Decider::comes_later(const mapping::Route& route) const {
  return options_.comes_later != nullptr && (*options_.comes_later)(route.from);
}

void Decider::reach(const mapping::Route& route, const core::RowKey& key) {
  if (comes_later(route)) return;
  if (options_.remembers_reached) reached_.insert({route.from, key});
  add_row(route, key);
}

/// Without a look at the row: millions may see one parent.
void Decider::reach_later(const mapping::Route& route, const core::RowKey& key) {
  if (!comes_later(route)) work_[{route.rank, route.id}].reached.push_back(key);
}

void Decider::add_rows(core::TableId table, std::span<const core::RowKey> keys) {
  for (const core::RouteId id : plan_.table(table).routes) {
    for (const core::RowKey& key : keys) add_row(plan_.route(id), key);
  }
}

void Decider::add_touched(const Batch::Touched& touched) {
  // All of them first: what a row was before the batch must be remembered before anybody asks for what it is now.
  for (const auto& [row, before] : touched) {
    for (const core::RouteId id : plan_.table(row.table).routes) {
      const mapping::Route& route = plan_.route(id);
      const RowState initial = initial_state(route, row.key, before ? &*before : nullptr);
      if (options_.leaves_underived && initial.status == core::RowStatus::None) continue;
      rows_.try_emplace(RouteRow{id, row.key}, initial);
      const state::StoredRow* stored = overlay_.row(row.table, row.key);
      const bool is_replaced =
          stored != nullptr && stored->statuses[plan_.status_place(route)] == core::RowStatus::None;
      if (initial.status == core::RowStatus::Quarantined && is_replaced) tried_.insert({id, row.key});
      work_[{route.rank, id}].touched.push_back(row.key);
    }
  }
  for (const auto& [row, before] : touched) {
    if (plan_.joined_by[row.table.index()].empty()) continue;
    const state::StoredRow* stored = overlay_.row(row.table, row.key);
    const std::optional<core::Row> after = stored == nullptr ? std::nullopt : std::optional{stored->image};
    mapping::rows_that_saw(plan_, row.table, before ? &before->image : nullptr, after ? &*after : nullptr, overlay_,
                           [&](const mapping::Route& route, const core::RowKey& key) {
                             const auto known = rows_.find(RouteRow{route.id, key});
                             if (known == rows_.end()) {
                               reach_later(route, key);
                             } else if (known->second.status != core::RowStatus::None) {
                               reach(route, key);
                             }
                           });
  }
}

void Decider::decide() {
  for (;;) {
    if (work_.empty()) reach_heirs();
    if (work_.empty()) return;
    auto next = work_.extract(work_.begin());
    const mapping::Route& route = plan_.route(next.key().second);
    decide_rows(route, std::move(next.mapped().touched), Why::Touched);
    decide_rows(route, std::move(next.mapped().reached), Why::Reached);
  }
}

/// Once for all that left: thousands may have had one target key.
void Decider::reach_heirs() {
  for (const RouteRow& left : std::exchange(left_, {})) {
    if (const auto heir = overlay_.lowest_sharing(left.route, left.key.bytes)) reach(plan_.route(left.route), *heir);
  }
}

void Decider::decide_rows(const mapping::Route& route, std::vector<core::RowKey> keys, Why why) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (std::size_t begin = 0; begin < keys.size(); begin += kPiece) {
    decide_piece(route, std::span{keys}.subspan(begin, std::min(kPiece, keys.size() - begin)), why);
    if (make_room_) make_room_();
  }
}

/// Whether a row that was reached needs no decision.
bool Decider::is_left_alone(const mapping::Route& route, const core::RowKey& key,
                            const state::StoredRow* stored) const {
  if (stored == nullptr) return true;  // it went in this batch, which decides about it by itself
  switch (stored->statuses[plan_.status_place(route)]) {
    // The snapshot has not derived it yet, and will, with what is true then.
    case core::RowStatus::None: return true;
    // Stays behind its quarantine, and has not changed itself.
    case core::RowStatus::Quarantined: {
      const RouteRow id{route.id, key};
      return !options_.retries_quarantined && options_.refused_already == nullptr && !tried_.contains(id) &&
             !quarantine_.is_refused_now(id);
    }
    case core::RowStatus::Applied:
    case core::RowStatus::Filtered:
    case core::RowStatus::Parked: return false;
  }
  return false;
}

/// A change of a row that was given up has nothing to wait behind: it is tried.
void Decider::try_accepted(const mapping::Route& route, std::span<const core::RowKey> keys) {
  if (options_.retries_quarantined || options_.refused_already != nullptr) return;
  if (!accepted_ || quarantine_.accepted(route.id).refused == 0) return;
  std::vector<core::RowKey> quarantined;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(quarantined),
               [&](const core::RowKey& key) { return state_of(route, key).status == core::RowStatus::Quarantined; });
  if (quarantined.empty()) return;
  for (core::RowKey& key : accepted_(route, quarantined)) tried_.insert({route.id, std::move(key)});
}

void Decider::decide_piece(const mapping::Route& route, std::span<const core::RowKey> keys, Why why) {
  overlay_.prefetch(route.from, keys);
  std::vector<mapping::Derivation> derived;
  derived.reserve(keys.size());
  if (why == Why::Touched) try_accepted(route, keys);
  for (const core::RowKey& key : keys) {
    if (why == Why::Reached) {
      if (is_left_alone(route, key, overlay_.row(route.from, key))) continue;
      if (options_.remembers_reached) reached_.insert({route.from, key});
    }
    RowState& row = state_of(route, key);
    if (++row.decisions > kMostDecisions) {
      throw core::Error{core::ErrorKind::Bug, "rows keep undoing each other's references"}
          .with("route", route.name)
          .with("key", core::key_text(key));
    }
    const state::StoredRow* stored = overlay_.row(route.from, key);
    if (stored == nullptr) {
      record_gone(route, key);
      continue;
    }
    const RouteRow id{route.id, key};
    const bool is_tried = options_.retries_quarantined || options_.refused_already != nullptr || tried_.erase(id) > 0 ||
                          quarantine_.is_refused_now(id);
    if (row.status == core::RowStatus::Quarantined && !is_tried) {
      // Later changes stay behind the quarantine, so that nothing is applied out of order.
      quarantine_.renew(id, stored->image);
      continue;
    }
    row.is_in_hand = true;
    derived.push_back(mapping::derive(plan_, route, key, stored->image, overlay_));
  }
  FAILPOINT("after_look_up");
  std::vector<const mapping::Derivation*> rows;
  rows.reserve(derived.size());
  for (const auto& row : derived) rows.push_back(&row);
  std::vector<std::optional<Refusal>> refusals(rows.size());
  const std::vector<int> judged = judge_rows(route, rows, refusals);
  std::vector<Verdict> verdicts;
  verdicts.reserve(derived.size());
  for (std::size_t i = 0; i < derived.size(); ++i) {
    verdicts.push_back(refusals[i] ? Verdict{core::RowStatus::Quarantined, std::move(refusals[i])}
                                   : settle(route, derived[i], judged[i]));
  }
  if (route.conflict_query) ask_conflict_values(route, derived, verdicts);
  for (std::size_t i = 0; i < derived.size(); ++i) {
    if (verdicts[i].status != core::RowStatus::Applied || !lacks_target_key(route, derived[i])) continue;
    verdicts[i] = {
        core::RowStatus::Quarantined,
        Refusal{"data", "", "a column of `conflict` is NULL, so that nothing tells the row from others on the target",
                "give it a value on the source, or leave such rows out by `where` in mapping.yaml"}};
  }
  for (std::size_t i = 0; i < derived.size(); ++i) record(route, std::move(derived[i]), std::move(verdicts[i]));
}

/// Calls `ask` with all rows at once; in careful mode in halves, until those that the target has no answer for stand alone.
void Decider::ask_isolating(std::size_t rows, const std::function<void(std::size_t begin, std::size_t end)>& ask,
                            const std::function<void(std::size_t row, Refusal)>& refuse) {
  if (!options_.is_careful) return ask(0, rows);
  const auto isolate = [&](auto& self, std::size_t begin, std::size_t end) -> void {
    if (begin == end) return;
    session_.savepoint();
    try {
      ask(begin, end);
      session_.release_savepoint();
    } catch (const core::Error& error) {
      if (error.kind() != core::ErrorKind::Data) throw;
      session_.rollback_to_savepoint();
      if (end - begin == 1) return refuse(begin, refusal_of(error));
      const std::size_t middle = begin + (end - begin) / 2;
      self(self, begin, middle);
      self(self, middle, end);
    }
  };
  isolate(isolate, 0, rows);
}

/// Which target row a row is, where only the target's own expressions tell.
void Decider::ask_conflict_values(const mapping::Route& route, std::vector<mapping::Derivation>& derived,
                                  std::vector<Verdict>& verdicts) {
  std::vector<std::size_t> applied;
  std::vector<const mapping::Derivation*> rows;
  for (std::size_t i = 0; i < derived.size(); ++i) {
    if (verdicts[i].status != core::RowStatus::Applied) continue;
    applied.push_back(i);
    rows.push_back(&derived[i]);
  }
  if (rows.empty()) return;
  const mapping::RowStatement& query = *route.conflict_query;
  const auto ask = [&](std::size_t begin, std::size_t end) {
    const auto part = std::span{rows}.subspan(begin, end - begin);
    const pg::Result answer = session_.ask(query, mapping::sent_rows(route, query, part, overlay_));
    if (answer.rows() != part.size()) {
      throw core::Error{core::ErrorKind::Bug, "the target answered for another number of rows than it was asked about"}
          .with("route", route.name);
    }
    for (std::size_t line = 0; line < answer.rows(); ++line) {
      const std::size_t row = begin + static_cast<std::size_t>(answer.integer(line, 0)) - 1;
      auto& values = derived[applied.at(row)].conflict_values;
      values.clear();
      for (std::size_t i = 0; i < route.conflict.size(); ++i) {
        const auto value = answer.get(line, 1 + i);
        values.push_back(value ? std::optional{std::string{*value}} : std::nullopt);
      }
    }
  };
  ask_isolating(rows.size(), ask, [&](std::size_t row, Refusal refusal) {
    verdicts[applied[row]] = {core::RowStatus::Quarantined, std::move(refusal)};
  });
}

std::vector<int> Decider::judge_rows(const mapping::Route& route, std::vector<const mapping::Derivation*>& rows,
                                     std::vector<std::optional<Refusal>>& refusals) {
  std::vector<int> judged(rows.size(), mapping::Judge::kPass);
  const auto ask = [&](std::size_t begin, std::size_t end) {
    const auto part = judge_.verdicts(session_, route, std::span{rows}.subspan(begin, end - begin), overlay_);
    std::copy(part.begin(), part.end(), judged.begin() + static_cast<std::ptrdiff_t>(begin));
  };
  ask_isolating(rows.size(), ask, [&](std::size_t row, Refusal refusal) { refusals[row] = std::move(refusal); });
  return judged;
}

Decider::Verdict Decider::settle(const mapping::Route& route, const mapping::Derivation& row, int judged) {
  using core::RowStatus;
  if (options_.refused_already != nullptr && options_.refused_already->contains(RouteRow{route.id, row.key}))
    return {RowStatus::Quarantined, {}};
  if (row.ambiguous_join) {
    const mapping::Join& join = route.joins[*row.ambiguous_join];
    return {RowStatus::Quarantined,
            Refusal{"data", "",
                    "join " + join.alias + " finds more than one row of " + plan_.table(join.table).name.display(),
                    "leave one of them on the source, or say `many: true` in mapping.yaml"}};
  }
  if (judged == mapping::Judge::kFiltered) return {RowStatus::Filtered, {}};
  if (route.entity && core::has_ambiguous_text(row.entity_key)) {
    return {RowStatus::Quarantined,
            Refusal{"data", "",
                    "a part of the composite key but the last holds a comma, so that another key may have the same id",
                    "change the key on the source, or give the entity another `key` in mapping.yaml"}};
  }
  if (route.entity && overlay_.owner(*route.entity, row.entity_key) != row.entity_key) return {RowStatus::Filtered, {}};

  const auto missed = [&](std::uint16_t ref) { return row.refs[ref].kind == mapping::RefState::Kind::Missed; };
  std::optional<mapping::Missing> policy;
  std::string column;
  for (std::size_t i = 0; i < route.columns.size() && !policy; ++i) {
    const mapping::TargetColumn& target = route.columns[i];
    const bool applies = target.is_plain_ref ? missed(target.refs.front()) : judged == static_cast<int>(i);
    if (!applies || !target.missing || *target.missing == mapping::Missing::Null) continue;
    policy = target.missing;
    column = target.name;
  }
  if (!policy && route.own_ref && missed(*route.own_ref)) policy = mapping::Missing::Park;
  if (!policy) return {RowStatus::Applied, {}};
  switch (*policy) {
    case mapping::Missing::Park: return {RowStatus::Parked, {}};
    case mapping::Missing::Filter: return {RowStatus::Filtered, {}};
    case mapping::Missing::Quarantine:
      return {RowStatus::Quarantined,
              Refusal{"missing_reference", "", "the row that column " + column + " refers to is not on the target",
                      "bring the missing parent; the row is derived again as soon as it is there"}};
    case mapping::Missing::Null: break;
  }
  return {RowStatus::Applied, {}};
}

/// Whether a part of the target key is NULL: to a unique index such rows are all different.
bool Decider::lacks_target_key(const mapping::Route& route, const mapping::Derivation& row) {
  if (route.id_column) return false;
  return std::ranges::any_of(row.conflict_values, [](const auto& value) { return !value; }) ||
         std::ranges::any_of(route.conflict_from, [&](const auto& source) {
           return source.is_ref ? row.refs[source.ref].kind != mapping::RefState::Kind::Resolved
                                : row.value(source.column).is_null();
         });
}

core::RowKey Decider::target_key(const mapping::Route& route, const mapping::Derivation& row) {
  if (route.entity && route.id_column) return target_key_of(overlay_.uuid(*route.entity, row.entity_key));
  std::vector<std::string> refs;
  refs.reserve(route.conflict_from.size());
  std::vector<core::Value> values;
  for (const auto& source : route.conflict_from) {
    if (source.is_ref) {
      refs.push_back(row.refs[source.ref].uuid.to_string());
      values.push_back(core::Value::of(refs.back()));
    } else {
      values.push_back(row.value(source.column));
    }
  }
  for (const auto& value : row.conflict_values) values.push_back(value ? core::Value::of(*value) : core::Value::null());
  return core::text_key(values);
}

/// Whether the ledger's quarantine (perhaps) has a line for a row of this status.
bool Decider::is_named(const mapping::Route& route, const RowState& row) const {
  return row.status == core::RowStatus::Quarantined ||
         (row.status == core::RowStatus::Parked && quarantine_.accepted(route.id).parked > 0);
}

void Decider::set_status(const mapping::Route& route, const core::RowKey& key, RowState& row, core::RowStatus status) {
  const bool was_named = is_named(route, row);
  const bool is_other = row.status != status;
  row.status = status;
  overlay_.set_status(route.from, key, plan_.status_place(route), status);
  // What is refused gets a line of its own, which says the rest.
  if (was_named && is_other && status != core::RowStatus::Quarantined)
    quarantine_.resolve({route.id, key}, std::string{core::to_string(status)});
}

void Decider::replace_target_key(const mapping::Route& route, const core::RowKey& key, RowState& row,
                                 const std::optional<core::RowKey>& target_key) {
  const bool removes = !options_.leaves_target_rows;
  if (removes && row.on_target && row.on_target != target_key) pending_[route.id][key].removals.insert(*row.on_target);
  if (route.id_column) return;
  const std::string now = target_key ? target_key->bytes : std::string{};
  const std::string before = overlay_.row(route.from, key)->target_keys[plan_.status_place(route)];
  if (now == before) return;
  overlay_.set_target_key(route.from, key, plan_.status_place(route), now);
  TargetKeyChanges& changes = mapping_changes_.target_keys[route.id];
  if (target_key) changes[{core::key_text(key), *target_key}] = true;
  // What an empty store does not know stays in the ledger until the strays are removed.
  if (before.empty()) return;
  if (removes) changes[{core::key_text(key), core::RowKey{before}}] = false;
  left_.insert({route.id, {before}});
}

void Decider::record(const mapping::Route& route, mapping::Derivation&& derived, Verdict verdict) {
  const core::RowKey key = derived.key;
  RowState& row = state_of(route, key);
  row.is_in_hand = false;
  if (verdict.status == core::RowStatus::Quarantined && verdict.refusal) {
    quarantine_.refuse({route.id, key}, derived.image, std::move(*verdict.refusal));
  }
  set_status(route, key, row, verdict.status);
  if (verdict.status == core::RowStatus::Applied) {
    const core::RowKey at = target_key(route, derived);
    auto& pending = pending_[route.id][key];
    pending.removals.erase(at);
    replace_target_key(route, key, row, at);
    const bool is_first = route.entity && plan_.entity(*route.entity).routes.front() == route.id;
    set_presence(route, key, row, is_first ? std::optional{derived.entity_key} : std::nullopt);
    // Of several legacy rows that map to one pair, the lowest key writes it: which one does must not depend on the order of arrival.
    if (!route.id_column) {
      const auto lowest = overlay_.lowest_sharing(route.id, at.bytes);
      if (lowest && *lowest < key) {
        pending.upsert.reset();
        row.on_target = at;
        return;
      }
      const auto [writing, is_first_here] = writing_.try_emplace(RouteRow{route.id, at}, key);
      if (!is_first_here) {
        const auto loser = pending_[route.id].find(std::exchange(writing->second, key));
        // It may write another target row by now.
        if (loser != pending_[route.id].end() && loser->second.upsert && target_key(route, *loser->second.upsert) == at)
          loser->second.upsert.reset();
      }
    }
    pending_bytes_ += bytes_of(derived);
    pending_[route.id][key].upsert = std::move(derived);
    return;
  }
  forget_upsert(route, key);
  replace_target_key(route, key, row, std::nullopt);
  set_presence(route, key, row, std::nullopt);
}

/// What is pending to be removed was there before, and has to go all the same.
void Decider::forget_upsert(const mapping::Route& route, const core::RowKey& key) {
  const auto rows = pending_.find(route.id);
  if (rows == pending_.end()) return;
  if (const auto pending = rows->second.find(key); pending != rows->second.end()) pending->second.upsert.reset();
}

void Decider::record_gone(const mapping::Route& route, const core::RowKey& key) {
  RowState& row = state_of(route, key);
  forget_upsert(route, key);
  if (is_named(route, row)) quarantine_.resolve({route.id, key}, "deleted");
  row.status = core::RowStatus::None;
  if (row.on_target && !options_.leaves_target_rows) {
    pending_[route.id][key].removals.insert(*row.on_target);
    if (!route.id_column) {
      mapping_changes_.target_keys[route.id][{core::key_text(key), *row.on_target}] = false;
      left_.insert({route.id, *row.on_target});
    }
  }
  set_presence(route, key, row, std::nullopt);
}

void Decider::set_presence(const mapping::Route& route, const core::RowKey& key, RowState& row,
                           std::optional<core::RowKey> present_as) {
  if (row.present_as == present_as) return;
  const auto before = std::exchange(row.present_as, present_as);
  // What stays on the target stays the agent's own: nothing but its id tells it from a row of somebody else. Another row may have the key by now.
  const bool is_passed_on =
      before && !route.key_is_primary && is_taken(route, key, target_key_of(overlay_.uuid(*route.entity, *before)));
  if (before && !is_passed_on && route.on_delete == mapping::OnDelete::Delete) note_mapping(route, *before, false);
  if (before) derive_referrers(*route.entity, *before);
  if (present_as) derive_referrers(*route.entity, *present_as);
}

void Decider::derive_referrers(core::EntityId entity, const core::RowKey& key) {
  const auto derive_again = [&](const mapping::Route& route, const mapping::Ref& ref, const core::RowKey& row_key) {
    const auto known = rows_.find(RouteRow{route.id, row_key});
    const bool is_in_hand = known != rows_.end() && known->second.is_in_hand;
    // Not derived yet: it will be. One that was derived in the same breath as its parent has to be derived once more, whatever it was before.
    if (known != rows_.end() && known->second.status == core::RowStatus::None && !is_in_hand) return;
    if (known == rows_.end() || (known->second.status == core::RowStatus::Quarantined && !is_in_hand)) {
      // Only a row that waits for this very parent; one that the target refused stays until it is retried.
      const auto position = static_cast<std::uint16_t>(&ref - route.refs.data());
      const bool waits =
          std::any_of(route.columns.begin(), route.columns.end(), [&](const mapping::TargetColumn& column) {
            return column.missing == mapping::Missing::Quarantine &&
                   std::find(column.refs.begin(), column.refs.end(), position) != column.refs.end();
          });
      if (waits) tried_.insert({route.id, row_key});
      if (known == rows_.end()) return reach_later(route, row_key);
      if (!waits) return;
    }
    reach(route, row_key);
  };
  for (const core::RowKey& merged : store_.merged_keys(entity, key)) {
    mapping::rows_that_refer_to(plan_, entity, merged, overlay_, derive_again);
  }
}

void Decider::refuse(const mapping::Route& route, const mapping::Derivation& derived, Refusal refusal) {
  RowState& row = state_of(route, derived.key);
  const RouteRow id{route.id, derived.key};
  if (options_.lets_wait && may_be_caused_by_order(refusal.sqlstate) && !waiting_.refused.contains(id)) {
    waiting_.rows.insert_or_assign(id, ++waiting_.last);
    if (!row.on_target) waiting_.absent.insert(id);
    return;
  }
  ++refusals_;
  quarantine_.refuse(id, derived.image, std::move(refusal));
  set_status(route, derived.key, row, core::RowStatus::Quarantined);
  replace_target_key(route, derived.key, row, std::nullopt);
  set_presence(route, derived.key, row, std::nullopt);
}

void Decider::wrote(const mapping::Route& route, const mapping::Derivation& row) {
  const core::RowKey at = target_key(route, row);
  state_of(route, row.key).on_target = at;
  if (!waiting_.rows.empty()) end_waiting({route.id, row.key});
  if (route.entity && !route.key_is_primary) taken_.insert_or_assign(RouteRow{route.id, at}, row.key);
  if (quarantine_.has_unremoved(route.id)) quarantine_.release({route.id, at});
  if (route.entity) note_mapping(route, row.entity_key, true);
}

void Decider::note_mapping(const mapping::Route& route, const core::RowKey& entity_key, bool is_there) {
  const mapping::Entity& entity = plan_.entity(*route.entity);
  if (entity.routes.front() != route.id || !Ledger::stores_mappings(plan_, entity)) return;
  auto& changes = mapping_changes_.uuids[entity.id];
  changes.insert_or_assign(core::key_text(entity_key),
                           is_there ? std::optional{overlay_.uuid(entity.id, entity_key).to_string()} : std::nullopt);
}

void Decider::removed(const mapping::Route& route, const core::RowKey& key, const core::RowKey& target_key) {
  RowState& row = state_of(route, key);
  if (row.on_target == target_key) row.on_target.reset();
  if (quarantine_.has_unremoved(route.id)) quarantine_.release({route.id, target_key});
}

void Decider::remove(const mapping::Route& route, const core::RowKey& key, const core::RowKey& target_key) {
  if (state_of(route, key).on_target == target_key) {
    quarantine_.release({route.id, target_key});
  } else {
    pending_[route.id][key].removals.insert(target_key);
  }
}

void Decider::cannot_remove(const mapping::Route& route, const core::RowKey& key, const core::RowKey& target_key,
                            Refusal refusal) {
  RowState& row = state_of(route, key);
  if (row.on_target == target_key) row.on_target.reset();  // to be tried by a retry only
  quarantine_.cannot_remove({route.id, target_key}, key, std::move(refusal));
}

void Decider::end_waiting(const RouteRow& row) {
  waiting_.rows.erase(row);
  waiting_.absent.erase(row);
}

void Decider::give_up_waiting(const RouteRow& row) {
  waiting_.rows.erase(row);
  waiting_.refused.insert(row);
}

std::optional<core::RowKey> Decider::on_target(const RouteRow& row) {
  const mapping::Route& route = plan_.route(row.route);
  return initial_state(route, row.key, overlay_.row(route.from, row.key)).on_target;
}

bool Decider::is_taken(const mapping::Route& route, const core::RowKey& key, const core::RowKey& target_key) const {
  const auto taken = taken_.find(RouteRow{route.id, target_key});
  return taken != taken_.end() && taken->second != key;
}

bool Decider::is_handed_on(const mapping::Route& route, const core::RowKey& key, const core::RowKey& target_key) {
  if (route.id_column) return is_taken(route, key, target_key);
  const auto heir = overlay_.lowest_sharing(route.id, target_key.bytes);
  // It is the heir's to remove, should the target refuse that one; then the next one inherits it.
  if (heir) state_of(route, *heir).on_target = target_key;
  return heir.has_value();
}

void Decider::clear() {
  work_.clear();
  rows_.clear();
  tried_.clear();
  taken_.clear();
  writing_.clear();
  left_.clear();
  pending_.clear();
  pending_bytes_ = 0;
}

void Decider::forget_written() {
  for (auto& [route, rows] : pending_) {
    std::erase_if(rows, [](const auto& row) { return !row.second.upsert && row.second.removals.empty(); });
  }
  std::erase_if(rows_, [&](const auto& row) {
    const auto& [id, known] = row;
    if (known.decisions == 0 || known.is_in_hand) return false;
    const auto pending = pending_.find(id.route);
    return pending == pending_.end() || !pending->second.contains(id.key);
  });
  writing_.clear();
  pending_bytes_ = 0;
}

std::size_t Decider::MappingChanges::size() const {
  std::size_t size = 0;
  for (const auto& [entity, changes] : uuids) size += changes.size();
  for (const auto& [route, changes] : target_keys) size += changes.size();
  return size;
}

}  // namespace apply
