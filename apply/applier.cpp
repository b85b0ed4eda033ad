#include "apply/applier.hpp"

#include <algorithm>
#include <map>

#include "apply/held_aside.hpp"
#include "apply/target_schema.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"

namespace apply {

namespace {

// What a run may hold of rows to write (where nothing is configured), and of changes of the ledger, before they go to the target: far more than a
// usual batch has, so that only a change that reaches very many rows (a parent, a joined row, a TRUNCATE) is written in several steps.
constexpr std::size_t kMostPendingBytes = 64U << 20U;
constexpr std::size_t kMostLedgerChanges = 50'000;

core::Error cannot_exchange(const mapping::Route& route, const core::RowKey& key) {
  return core::Error{core::ErrorKind::Refused,
                     "rows of the source exchange unique values, and the target cannot let one of them go for a moment "
                     "without touching what refers to it; nothing of the transaction was applied"}
      .with("route", route.name)
      .with("table", route.to.display())
      .with("key", core::key_text(key))
      .remedy(
          "let foreign keys and triggers of the target rest while the agent writes (as an administrator: GRANT SET "
          "ON PARAMETER session_replication_role TO the agent's role); or, where nobody may grant that, drop the "
          "UNIQUE "
          "constraint until the agent is past these rows. Then start the agent again: nothing is lost meanwhile");
}

}  // namespace

Applier::Applier(pg::ConnectionParams target, const mapping::Plan& plan, state::Store& store, const Ledger& ledger,
                 Options options)
    : target_(std::move(target)),
      plan_(plan),
      store_(store),
      ledger_(ledger),
      options_(std::move(options)),
      overlay_(store, options_.memory_bytes),
      projections_(plan),
      expected_rows_(plan.tables.size(), 0) {
  reconnect();
}

void Applier::reconnect() {
  forget_batch();
  FAILPOINT("before_target_connected");
  const std::string name = options_.run.empty() ? options_.purpose : options_.purpose + "-" + options_.run;
  FAILPOINT("before_target_connected");
  session_ = std::make_unique<TargetSession>(target_, name);
  if (!options_.run.empty()) end_left_overs(session_->sql(), pg::application_name(name));
  know_quarantine();
  decider_ = std::make_unique<Decider>(plan_, store_, overlay_, *session_, judge_, quarantine_);
  writer_ = std::make_unique<Writer>(plan_, overlay_, *session_, *decider_);
  decider_->set_make_room([this] { make_room(); });
  decider_->set_accepted([this](const mapping::Route& route, std::span<const core::RowKey> keys) {
    return ledger_.quarantine().read_accepted(session_->sql(), plan_, route, keys);
  });
}

void Applier::expect_rows(core::TableId table, std::int64_t rows) { expected_rows_[table.index()] = rows; }

void Applier::name_reached() {
  if (decider_->reached().empty()) return;
  std::vector<state::RowName> rows;
  for (const TableRow& row : decider_->reached()) rows.push_back({row.table, row.key});
  FAILPOINT("before_reached_named");
  named_.push_back(store_.name_reached(rows));
  FAILPOINT("after_reached_named");
}

void Applier::derive_reached() {
  for (const auto& [number, rows] : store_.reached()) {
    std::map<core::TableId, std::vector<core::RowKey>> keys;
    for (const state::RowName& row : rows) {
      if (overlay_.row(row.table, row.key) != nullptr) keys[row.table].push_back(row.key);
    }
    for (const auto& [table, of_table] : keys) derive_rows(table, of_table);
    FAILPOINT("in_reached_derivation");
    commit_target(std::nullopt);
    named_.push_back(number);
    commit_state(std::nullopt, std::nullopt, state::Overlay::Sync::Yes);
  }
}

std::optional<core::Lsn> Applier::open() {
  if (!is_open_) {
    checkpoint_ = begin_writing(session_->sql(), ledger_, options_.writers);
    is_open_ = true;
    FAILPOINT("after_batch_begun");
  }
  return checkpoint_;
}

void Applier::run(const Fill& fill, const Decider::Options& options) {
  decider_->clear();
  decider_->set_options(options);
  running_ = options;
  Batch batch{plan_, store_, overlay_, projections_};
  batch.set_make_room([&] { settle(batch); });
  fill(batch, *decider_);
  settle(batch);
  skipped_ += batch.skipped();
}

/// Decides and writes all that the batch has touched so far.
void Applier::settle(Batch& batch) {
  decider_->add_touched(batch.take_touched());
  decider_->decide();
  if (running_.refused_already == nullptr) writer_->write(running_.is_careful);
  decider_->clear();
  make_room();
}

void Applier::make_room() {
  if (decider_->pending_bytes() > (options_.memory_bytes > 0 ? options_.memory_bytes : kMostPendingBytes)) {
    // Nothing is written while local state catches up with a target that has it all.
    if (running_.refused_already == nullptr) {
      writer_->write_ahead(running_.is_careful);
    } else {
      decider_->pending().clear();
    }
    decider_->forget_written();
  }
  if (decider_->mapping_changes().size() + quarantine_.size() > kMostLedgerChanges) {
    if (running_.refused_already == nullptr) {
      write_ledger();
    } else {
      quarantine_.clear();
      decider_->restore_mapping_changes({});
    }
  }
  overlay_.make_room();
}

void Applier::replay_in_order(std::span<const core::TransactionPart> parts, const Decider::Options& options) {
  // Transaction by transaction; only one that fails as a whole goes change by change.
  for (const core::TransactionPart& part : parts) {
    const auto take_part = [&](Batch& batch, Decider&) {
      for (const core::Change& change : part.changes) batch.add(change, part.commit_lsn);
    };
    const Saved saved = save();
    try {
      FAILPOINT("in_ordered_replay");
      run(take_part, options);
      session_->release_savepoint();
    } catch (const core::Error& error) {
      if (error.kind() != core::ErrorKind::Data) throw;
      restore(saved);
      if (may_be_caused_by_order(error.sqlstate()) || !run_isolating(take_part, options)) replay_changes(part, options);
    }
  }
}

bool Applier::run_isolating(const Fill& fill, Decider::Options options) {
  options.is_careful = true;
  const Saved saved = save();
  run(fill, options);
  if (has_met(saved.quarantine)) {
    restore(saved);
    return false;
  }
  session_->release_savepoint();
  return true;
}

/// A unique value that two rows exchange (the source may check it at commit only) keeps them out for a moment: they wait.
void Applier::replay_changes(const core::TransactionPart& part, Decider::Options options) {
  options.is_careful = true;
  options.lets_wait = true;
  for (const core::Change& change : part.changes) {
    run([&](Batch& batch, Decider&) { batch.add(change, part.commit_lsn); }, options);
  }
}

bool Applier::has_met(const QuarantineChanges& before) const {
  return std::ranges::any_of(quarantine_.refused,
                             [&](const auto& refused) {
                               const auto& [row, entry] = refused;
                               return entry.refusal && may_be_caused_by_order(entry.refusal->sqlstate) &&
                                      !before.is_refused_now(row);
                             }) ||
         std::ranges::any_of(quarantine_.unremoved, [&](const auto& unremoved) {
           const auto& [target_row, entry] = unremoved;
           return may_be_caused_by_order(entry.refusal.sqlstate) && !before.unremoved.contains(target_row);
         });
}

void Applier::try_again(std::span<const RouteRow> rows, bool lets_wait) {
  run(
      [&](Batch&, Decider& decider) {
        for (const RouteRow& row : rows) {
          const mapping::Route& route = plan_.route(row.route);
          if (overlay_.row(route.from, row.key) != nullptr) decider.add_row(route, row.key);
        }
      },
      {.is_careful = true, .lets_wait = lets_wait, .remembers_reached = false});
}

/// What held a target row that did not go may have gone after it, and so on through several tables.
void Applier::remove_again() {
  for (auto unremoved = quarantine_.unremoved; !unremoved.empty(); unremoved = quarantine_.unremoved) {
    run(
        [&](Batch&, Decider& decider) {
          for (const auto& [target_row, entry] : unremoved)
            decider.remove(plan_.route(target_row.route), entry.key, target_row.key);
        },
        {.is_careful = true, .remembers_reached = false});
    if (quarantine_.unremoved.size() >= unremoved.size()) return;
  }
}

/// The last that began to wait first: those before wait mostly for it. Rows that are not meant any more wait no longer.
std::vector<RouteRow> Applier::latest_waiting() {
  std::vector<std::pair<std::uint64_t, RouteRow>> waiting;
  for (const auto& [row, since] : decider_->waiting().rows) waiting.emplace_back(since, row);
  std::sort(waiting.rbegin(), waiting.rend());
  std::vector<RouteRow> rows;
  for (auto& [since, row] : waiting) {
    const mapping::Route& route = plan_.route(row.route);
    const state::StoredRow* stored = overlay_.row(route.from, row.key);
    if (stored != nullptr && stored->statuses[plan_.status_place(route)] == core::RowStatus::Applied) {
      rows.push_back(std::move(row));
    } else {
      decider_->end_waiting(row);
    }
  }
  return rows;
}

void Applier::try_in_place() {
  for (const RouteRow& row : latest_waiting()) try_again({&row, 1}, true);
}

bool Applier::take_out(HeldAside& held, std::span<const RouteRow> rows) {
  std::map<core::RouteId, std::vector<RouteRow>> by_route;
  for (const RouteRow& row : rows) {
    if (decider_->on_target(row)) by_route[row.route].push_back(row);
  }
  bool are_all_out = true;
  for (const auto& [id, of_route] : by_route) {
    std::vector<core::RowKey> keys;
    for (const RouteRow& row : of_route) keys.push_back(*decider_->on_target(row));
    if (held.take_out(plan_, plan_.route(id), keys)) {
      for (const RouteRow& row : of_route) decider_->taken_out(row);
    } else {
      are_all_out = false;
    }
  }
  return are_all_out;
}

std::vector<RouteRow> Applier::refused_in_any_order(std::span<const RouteRow> rows) {
  const Saved saved = save();
  HeldAside held{*session_, HeldAside::Noticed::Perhaps};
  static_cast<void>(take_out(held, rows));
  try_again(rows, false);  // who is refused leaves the target …
  remove_again();
  try_again(rows, false);  // … and is in nobody's way any more
  std::vector<RouteRow> refused;
  std::ranges::copy_if(rows, std::back_inserter(refused),
                       [&](const RouteRow& row) { return quarantine_.is_refused_now(row); });
  restore(saved);
  return refused;
}

/// All of the open transaction has been applied: what is still refused then is refused for good. Until that is sure, nothing leaves the target
/// but what comes back whole.
void Applier::settle_waiting() {
  // Where none waited, the limit has been judged already.
  const bool is_to_judge = !is_mixed_ && !decider_->waiting().rows.empty();
  for (remove_again(); !decider_->waiting().rows.empty(); remove_again()) {
    const std::size_t before = decider_->waiting().rows.size();
    try_in_place();
    const std::vector<RouteRow> rows = latest_waiting();
    if (rows.empty()) continue;
    const Saved saved = save();
    HeldAside held{*session_};
    const bool are_all_out = take_out(held, rows);
    try_again(rows, true);
    std::vector<RouteRow> refused = latest_waiting();
    std::ranges::copy_if(rows, std::back_inserter(refused),
                         [&](const RouteRow& row) { return quarantine_.is_refused_now(row); });
    if (refused.empty()) {
      held.give_back(plan_);
      session_->release_savepoint();
      continue;
    }
    restore(saved);
    if (!are_all_out) {
      if (rows.size() < before) continue;  // one after the other they may all come right where they are
      refused = refused_in_any_order(rows);
      if (refused.empty()) throw cannot_exchange(plan_.route(rows.front().route), rows.front().key);
    }
    for (const RouteRow& row : refused) decider_->give_up_waiting(row);
    try_again(refused, false);
  }
  decider_->restore_waiting({});
  if (is_to_judge) check_limit(Judged::Changes);
}

Applier::Saved Applier::save() {
  session_->savepoint();
  return {overlay_.mark(), quarantine_, decider_->mapping_changes(), decider_->waiting()};
}

void Applier::restore(const Saved& saved) {
  session_->rollback_to_savepoint();
  overlay_.rollback_to(saved.overlay);
  quarantine_ = saved.quarantine;
  decider_->restore_mapping_changes(saved.mapping_changes);
  decider_->restore_waiting(saved.waiting);
}

void Applier::attempt(const Fill& fill, const Decider::Options& options,
                      std::span<const core::TransactionPart> ordered) {
  attempt_unlimited(fill, options, ordered);
  if (!is_mixed_ && decider_->waiting().rows.empty()) check_limit(Judged::Changes);
}

void Applier::attempt_unlimited(const Fill& fill, Decider::Options options,
                                std::span<const core::TransactionPart> ordered) {
  options.retries_quarantined = options.retries_quarantined || is_mixed_;
  if (comes_later_) options.comes_later = &comes_later_;
  open();
  const Saved saved = save();
  try {
    run(fill, options);
    session_->release_savepoint();
  } catch (const core::Error& error) {
    if (is_about_schema(error)) throw schema_moved(error);
    if (error.kind() != core::ErrorKind::Data) throw;
    restore(saved);
    if (ordered.empty()) {
      options.is_careful = true;
      run(fill, options);
    } else if (may_be_caused_by_order(error.sqlstate()) || !run_isolating(fill, options)) {
      replay_in_order(ordered, options);
    }
  }
}

void Applier::apply(std::span<const core::TransactionPart> parts) {
  if (parts.empty()) return;
  last_lsn_ = parts.back().commit_lsn.lsn;
  attempt(
      [&](Batch& batch, Decider&) {
        for (const core::TransactionPart& part : parts) {
          for (const core::Change& change : part.changes) batch.add(change, part.commit_lsn);
        }
      },
      {.remembers_reached = false}, parts);
}

void Applier::catch_up(std::span<const core::TransactionPart> parts, const QuarantinedRows& refused) {
  open();  // judging needs a transaction to be isolated in
  run(
      [&](Batch& batch, Decider&) {
        for (const core::TransactionPart& part : parts) {
          for (const core::Change& change : part.changes) batch.add(change, part.commit_lsn);
        }
      },
      {.is_careful = true,
       .lets_wait = false,
       .retries_quarantined = false,
       .leaves_underived = false,
       .comes_later = nullptr,
       .remembers_reached = false,
       .leaves_target_rows = false,
       .refused_already = &refused});
  quarantine_.clear();
  decider_->restore_mapping_changes({});
}

void Applier::apply_rows(core::TableId table, std::vector<std::pair<core::RowKey, core::Row>> rows) {
  std::vector<core::RowKey> keys;
  keys.reserve(rows.size());
  for (const auto& row : rows) keys.push_back(row.first);
  overlay_.prefetch(table, keys);
  attempt(
      [&](Batch&, Decider& decider) {
        // What is on the target is remembered before the images change.
        decider.add_rows(table, keys);
        for (const auto& [key, image] : rows) overlay_.put_image(table, key, image);
      },
      {.retries_quarantined = true}, {});
}

void Applier::load_rows(core::TableId table, std::vector<std::pair<core::RowKey, core::Row>> rows) {
  std::vector<core::RowKey> keys;
  keys.reserve(rows.size());
  for (const auto& row : rows) keys.push_back(row.first);
  overlay_.prefetch(table, keys);
  for (auto& [key, image] : rows) overlay_.put_image(table, key, std::move(image));
}

void Applier::reload_rows(core::TableId table, std::vector<std::pair<core::RowKey, core::Row>> rows) {
  std::vector<core::RowKey> keys;
  keys.reserve(rows.size());
  for (const auto& row : rows) keys.push_back(row.first);
  overlay_.prefetch(table, keys);
  attempt(
      [&](Batch& batch, Decider&) {
        for (const auto& [key, image] : rows) batch.put(table, key, image);
      },
      {.retries_quarantined = true, .leaves_underived = true}, {});
}

void Applier::derive_rows(core::TableId table, std::span<const core::RowKey> keys) {
  overlay_.prefetch(table, keys);
  attempt([&](Batch&, Decider& decider) { decider.add_rows(table, keys); }, {.retries_quarantined = true}, {});
}

void Applier::erase_rows(core::TableId table, std::span<const core::RowKey> keys) {
  overlay_.prefetch(table, keys);
  attempt(
      [&](Batch& batch, Decider&) {
        for (const core::RowKey& key : keys) batch.erase(table, key);
      },
      {.retries_quarantined = true}, {});
}

void Applier::renew_rows(std::span<const SourceRow> rows) {
  std::map<core::TableId, std::vector<core::RowKey>> keys;
  std::map<core::TableId, std::vector<core::RowKey>> derived;
  for (const SourceRow& row : rows) {
    keys[row.table].push_back(row.key);
    if (row.is_derived) derived[row.table].push_back(row.key);
  }
  for (const auto& [table, of_table] : keys) overlay_.prefetch(table, of_table);
  attempt(
      [&](Batch& batch, Decider& decider) {
        // What is on the target is remembered before the images change.
        for (const auto& [table, of_table] : derived) decider.add_rows(table, of_table);
        for (const SourceRow& row : rows) {
          if (row.image) {
            batch.put(row.table, row.key, *row.image);
          } else if (overlay_.row(row.table, row.key) != nullptr) {
            batch.erase(row.table, row.key);
          }
        }
      },
      {.retries_quarantined = true, .leaves_target_rows = true}, {});
}

void Applier::retry_rows(const mapping::Route& route, std::span<const core::RowKey> keys) {
  attempt(
      [&](Batch&, Decider& decider) {
        for (const core::RowKey& key : keys) {
          if (overlay_.row(route.from, key) != nullptr) {
            decider.reach(route, key);
          } else {
            quarantine_.resolve({route.id, key}, "deleted");  // the source no longer has it
          }
        }
      },
      {.retries_quarantined = true}, {});
}

std::size_t Applier::remove_target_rows(const mapping::Route& route, std::span<const TargetRow> rows) {
  const std::size_t before = quarantine_.unremoved.size();
  // They are on the target already, and mostly known: no more of them is no worse than before.
  attempt_unlimited(
      [&](Batch&, Decider& decider) {
        for (const TargetRow& row : rows) decider.remove(route, row.key, row.target_key);
      },
      {}, {});
  return quarantine_.unremoved.size() - before;
}

void Applier::know_quarantine() {
  know_unremoved(ledger_.quarantine().count_unremoved(session_->sql(), plan_));
  quarantine_.accepted_before = ledger_.quarantine().count_accepted(session_->sql(), plan_);
}

void Applier::know_unremoved(std::vector<std::int64_t> counts) {
  quarantine_.unremoved_before = counts;
  const std::lock_guard lock{mutex_};
  unremoved_ = std::move(counts);
}

std::vector<std::int64_t> Applier::unremoved() const {
  const std::lock_guard lock{mutex_};
  return unremoved_;
}

void Applier::check_limit(Judged judged) const {
  const auto stored = store_.counters();
  const auto changes = overlay_.counter_changes();
  std::vector<std::int64_t> unremoved(plan_.routes.size(), 0);
  for (const auto& [target_row, entry] : quarantine_.unremoved) ++unremoved[target_row.route.index()];
  for (const mapping::Route& route : plan_.routes) {
    const std::size_t at = route.id.index();
    if (judged == Judged::Changes && changes[at].quarantined <= 0 && unremoved[at] == 0) continue;
    // A target row that stays though its source row is gone counts like one that is refused.
    if (unremoved[at] > 0 && at < quarantine_.unremoved_before.size())
      unremoved[at] += quarantine_.unremoved_before[at];
    const std::int64_t refused = stored[at].quarantined + changes[at].quarantined + unremoved[at];
    const std::int64_t rows =
        std::max(expected_rows_[route.from.index()], stored[at].read + changes[at].read) + unremoved[at];
    if (rows < options_.limit.from_rows ||
        static_cast<double>(refused) <= options_.limit.share * static_cast<double>(rows))
      continue;
    std::string example;
    for (const auto& [row, entry] : quarantine_.refused) {
      if (row.route == route.id && entry.refusal) {
        example = entry.refusal->message;
        break;
      }
    }
    for (const auto& [target_row, entry] : quarantine_.unremoved) {
      if (example.empty() && target_row.route == route.id) example = entry.refusal.message;
    }
    throw core::Error{core::ErrorKind::Refused, "so many rows are refused that the mapping must be wrong, not the data"}
        .with("route", route.name)
        .with("refused", std::to_string(refused))
        .with("rows", std::to_string(rows))
        .with("example", "'" + example + "'")
        .remedy("correct mapping.yaml and start again (nothing is lost), or raise apply.max_quarantine");
  }
}

/// Everything that the ledger has to hold of the open transaction, but for its checkpoint.
void Applier::write_ledger() {
  pg::Session& sql = session_->sql();
  for (const auto& [entity_id, changes] : decider_->mapping_changes().uuids) {
    const mapping::Entity& entity = plan_.entity(entity_id);
    std::vector<std::pair<std::string, std::string>> stored;
    std::vector<std::string> forgotten;
    for (const auto& [key, uuid] : changes) {
      const bool is_adopted = store_.is_adopted(entity_id, core::parse_key(entity.key_types, key));
      if (is_adopted) continue;  // stored when it was adopted, and kept
      if (uuid)
        stored.emplace_back(key, *uuid);
      else
        forgotten.push_back(key);
    }
    ledger_.store_mappings(sql, entity.name, stored, false);
    ledger_.forget_mappings(sql, entity.name, forgotten);
  }
  for (const auto& [route, changes] : decider_->mapping_changes().target_keys) {
    ledger_.remember_target_keys(sql, plan_.route(route).name, changes);
  }
  FAILPOINT("before_quarantine_written");
  ledger_.quarantine().write_refused(sql, plan_, quarantine_, last_lsn_);
  quarantine_.written();
  decider_->restore_mapping_changes({});
}

void Applier::commit_target(std::optional<core::Lsn> applied) {
  open();
  settle_waiting();
  write_ledger();
  std::optional<std::vector<std::int64_t>> unremoved;
  if (!quarantine_.unremoved.empty() || !quarantine_.released.empty()) {
    ledger_.quarantine().write_unremoved(session_->sql(), plan_, quarantine_, last_lsn_);
    unremoved = ledger_.quarantine().count_unremoved(session_->sql(), plan_);
  }
  FAILPOINT("before_checkpoint_moved");
  if (applied) ledger_.advance_checkpoint(session_->sql(), *applied);
  FAILPOINT("before_target_commit");
  session_->commit();
  is_open_ = false;
  if (unremoved) know_unremoved(std::move(*unremoved));
  quarantine_.clear();
  decider_->forget_reached();
  counts_.sent += writer_->counts().sent;
  counts_.written += writer_->counts().written;
  counts_.removed += writer_->counts().removed;
  writer_->reset_counts();
}

void Applier::commit_state(const std::optional<state::Progress>& progress, const std::optional<state::Chunk>& chunk,
                           state::Overlay::Sync sync) {
  if (is_open_) {  // judged only: nothing was written
    session_->rollback();
    is_open_ = false;
  }
  overlay_.commit(progress, chunk, sync);
  if (!named_.empty()) FAILPOINT("before_reached_forgotten");
  for (const std::uint64_t number : named_) store_.forget_reached(number);
  named_.clear();
}

void Applier::forget_batch() {
  is_open_ = false;
  overlay_.clear();
  quarantine_.clear();
  if (decider_) {
    decider_->clear();
    decider_->restore_mapping_changes({});
    decider_->restore_waiting({});
    decider_->forget_reached();
  }
  named_.clear();  // still named in the store: derived again at the next start
  if (writer_) writer_->reset_counts();
}

void Applier::abandon() {
  forget_batch();
  try {
    session_->rollback();
  } catch (const core::Error&) {
    if (!session_->sql().is_broken()) throw;  // else the server rolls back by itself
  }
}

}  // namespace apply
