#include "apply/batch.hpp"

#include <spdlog/spdlog.h>

#include "core/error.hpp"
#include "core/failpoint.hpp"

namespace apply {

namespace {

// TRUNCATE reads the keys of a table in pieces of this many.
constexpr std::size_t kTruncatePiece = 10'000;

// What the images of touched rows may have, of before and of now, until they are written: whatever follows copies them a few times over. Those of
// rows of a usual size are as many as a batch has.
constexpr std::size_t kMostTouchedBytes = std::size_t{8} << 20U;

core::Error never_seen(const mapping::SourceTable& table, const core::RowKey& key) {
  return core::Error{core::ErrorKind::Refused,
                     "the source changed a row that was never copied, and did not send all of it"}
      .with("table", table.name.display())
      .with("key", core::key_text(key))
      .remedy("run `agent snapshot --table " + table.name.display() +
              "`: it reads the table again and writes only differences");
}

core::Error moved(const mapping::SourceTable& table, const core::Relation& relation, const SchemaMove& move,
                  core::CommitLsn commit) {
  core::Error error{core::ErrorKind::Refused,
                    "the schema of the source has changed where the mapping reads it, and nothing of that was applied"};
  error.with("table", table.name.display());
  if (!move.column.empty()) error.with("column", move.column);
  return std::move(
      error.with("change", move.change)
          .with("lsn", commit.lsn.to_string())
          .remedy("correct mapping.yaml where it names what was changed (`agent check` tells), run `agent snapshot "
                  "--table " +
                  relation.name.display() + "`, then start the agent again: nothing is lost meanwhile"));
}

}  // namespace

bool Batch::is_contained(core::TableId table, const core::RowKey& key, core::CommitLsn commit) {
  if (!core::contains(store_.chunk_lsn(table, key), commit)) return false;
  ++skipped_;
  return true;
}

void Batch::touch(core::TableId table, const core::RowKey& key) {
  TableRow row{table, key};
  if (!positions_.emplace(row, touched_.size()).second) return;
  const state::StoredRow* stored = overlay_.row(table, key);
  touched_.emplace_back(std::move(row), stored == nullptr ? std::nullopt : std::optional{*stored});
  if (stored != nullptr) touched_bytes_ += stored->image.bytes().size();
}

void Batch::put(core::TableId table, const core::RowKey& key, core::Row image) {
  // An UPDATE that changes nothing the mapping reads is common (the application saves whole rows) and costs nothing further.
  if (const state::StoredRow* stored = overlay_.row(table, key); stored != nullptr && stored->image == image) return;
  touch(table, key);
  const bool is_back = overlay_.row(table, key) == nullptr;
  touched_bytes_ += image.bytes().size();
  overlay_.put_image(table, key, std::move(image));
  if (is_back) restore_statuses(table, key);
}

/// A row that was deleted and inserted again in one batch was replaced, not new: its target row is still there.
void Batch::restore_statuses(core::TableId table, const core::RowKey& key) {
  const auto& before = touched_[positions_.at({table, key})].second;
  if (!before) return;
  for (std::uint16_t slot = 0; slot < before->statuses.size(); ++slot) {
    // A quarantined row that was deleted is gone from the quarantine too: what takes its place is tried.
    if (before->statuses[slot] == core::RowStatus::Quarantined) continue;
    overlay_.set_status(table, key, slot, before->statuses[slot]);
    if (!before->target_keys[slot].empty()) overlay_.set_target_key(table, key, slot, before->target_keys[slot]);
  }
}

void Batch::erase(core::TableId table, const core::RowKey& key) {
  touch(table, key);
  overlay_.erase(table, key);
}

void Batch::add_update(const Projections::Target& target, const core::Update& update, core::CommitLsn commit) {
  const mapping::SourceTable& table = *target.table;
  const Projection& projection = *target.projection;
  // The old key beats the new tuple: a TOASTed key is not sent again in the new one.
  if (!update.old && !projection.has_key(update.row)) {
    throw core::Error{core::ErrorKind::Refused,
                      "an UPDATE does not say which row it changed: its key is an unchanged TOASTed value"}
        .with("table", table.name.display())
        .remedy("set REPLICA IDENTITY FULL on the table, then run `agent snapshot --table " + table.name.display() +
                "`");
  }
  const core::RowKey old_key = projection.key(update.old ? update.old->row : update.row);
  core::Row image = projection.image(update.row);
  if (image.has_unchanged() && update.old && update.old->extent == core::OldRow::Extent::Full) {
    image = core::fill_unchanged(image, projection.image(update.old->row));
  }
  if (image.has_unchanged()) {
    if (const state::StoredRow* stored = overlay_.row(table.id, old_key))
      image = core::fill_unchanged(image, stored->image);
  }
  // The key columns come first. One that is an unchanged TOASTed value, and was never seen, is that of the old key.
  std::vector<core::Value> key_values;
  for (std::size_t i = 0; i < table.key_size; ++i) key_values.push_back(image[i]);
  const bool is_key_sent = std::ranges::none_of(key_values, &core::Value::is_unchanged);
  const core::RowKey new_key = is_key_sent ? core::encode_key(table.key_types(), key_values) : old_key;

  // A key that changes is a delete of the old and an insert of the new one, each judged by its own chunk.
  const bool is_moved = new_key != old_key;
  if (is_moved) FAILPOINT("at_key_change");
  const bool is_gone_before = is_moved && is_contained(table.id, old_key, commit);
  if (is_moved && !is_gone_before) erase(table.id, old_key);
  if (is_contained(table.id, new_key, commit)) return;
  if (image.has_unchanged()) {
    // It came from a range that was copied after it had left, into one that was copied before: nobody has read it.
    if (is_gone_before) throw never_seen(table, new_key);
    // Only TRUNCATE, which no snapshot shields from, removes rows between the snapshot's moment and the reading of their chunk. The
    // stream brings it after this.
    if (!core::contains(store_.progress().copied_until, commit)) throw never_seen(table, old_key);
    spdlog::warn("left out an update of a row that was truncated before it could be copied table={} key={} lsn={}",
                 table.name.display(), core::key_text(old_key), commit.lsn.to_string());
    return;
  }
  put(table.id, new_key, std::move(image));
}

void Batch::truncate(const mapping::SourceTable& table, core::CommitLsn commit) {
  bool is_kept = true;
  for (const core::RouteId id : table.routes) {
    const mapping::Route& route = plan_.route(id);
    if (route.on_truncate == mapping::OnTruncate::Stop) {
      throw core::Error{core::ErrorKind::Refused, "the source truncated a table whose route says `on_truncate: stop`"}
          .with("table", table.name.display())
          .with("route", route.name)
          .with("lsn", commit.lsn.to_string())
          .remedy(
              "decide what the TRUNCATE means: set `on_truncate: delete` or `keep` in mapping.yaml and start the agent "
              "again");
    }
    is_kept = is_kept && route.on_truncate == mapping::OnTruncate::Keep;
  }
  FAILPOINT("at_truncate");
  if (is_kept && !table.routes.empty()) return;
  core::RowKey next;
  for (;;) {
    const std::vector<core::RowKey> keys = overlay_.keys(table.id, next, {}, kTruncatePiece);
    for (const core::RowKey& key : keys) {
      if (!is_contained(table.id, key, commit)) erase(table.id, key);
    }
    if (keys.size() < kTruncatePiece) return;
    if (make_room_) make_room_();
    next = keys.back();
    next.bytes.push_back('\0');  // the smallest key after it
  }
}

void Batch::add(const core::Change& change, core::CommitLsn commit) {
  const Projections::Target target = projections_.of(change.relation);
  if (target.table == nullptr) return;
  const mapping::SourceTable& table = *target.table;
  const Projection& projection = *target.projection;
  if (projection.move()) {
    // Of another schema, but read since under the one that the mapping was compiled for.
    if (!core::contains(store_.table_lsn(table.id), commit))
      throw moved(table, *change.relation, *projection.move(), commit);
    ++skipped_;
    return;
  }
  struct Taker {
    Batch& batch;
    const Projections::Target& target;
    const mapping::SourceTable& table;
    const Projection& projection;
    core::CommitLsn commit;

    void operator()(const core::Insert& insert) const {
      const core::RowKey key = projection.key(insert.row);
      if (batch.is_contained(table.id, key, commit)) return;
      core::Row image = projection.image(insert.row);
      if (image.has_unchanged()) throw never_seen(table, key);
      batch.put(table.id, key, std::move(image));
    }
    void operator()(const core::Update& update) const { batch.add_update(target, update, commit); }
    void operator()(const core::Delete& remove) const {
      const core::RowKey key = projection.key(remove.old.row);
      if (!batch.is_contained(table.id, key, commit)) batch.erase(table.id, key);
    }
    void operator()(const core::Truncate&) const { batch.truncate(table, commit); }
  };
  std::visit(Taker{*this, target, table, projection, commit}, change.what);
  if (touched_bytes_ >= kMostTouchedBytes && make_room_) make_room_();
}

Batch::Touched Batch::take_touched() {
  positions_.clear();
  touched_bytes_ = 0;
  return std::exchange(touched_, {});
}

}  // namespace apply
