#include "state/store.hpp"

#include <rocksdb/write_batch.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "state/census.hpp"
#include "state/fingerprint.hpp"
#include "state/keys.hpp"
#include "state/record.hpp"
#include "state/rocks_status.hpp"
#include "state/rollback.hpp"
#include "state/scan.hpp"
#include "state/store_impl.hpp"

namespace state {

namespace {

std::unordered_map<core::IndexId, IndexPlace> place_indexes(const Layout& layout) {
  std::unordered_map<core::IndexId, IndexPlace> places;
  for (const TableLayout& table : layout.tables) {
    for (std::size_t i = 0; i < table.indexes.size(); ++i) {
      places[table.indexes[i].id] = {.table = &table, .index = &table.indexes[i], .position = i};
    }
  }
  return places;
}

std::vector<RoutePlace> place_routes(const Layout& layout) {
  std::vector<RoutePlace> places(layout.route_count);
  for (const TableLayout& table : layout.tables) {
    for (std::size_t slot = 0; slot < table.routes.size(); ++slot) {
      places.at(table.routes[slot].index()) = {.table = &table, .slot = slot};
    }
  }
  return places;
}

std::size_t number_of_indexes(const Layout& layout) {
  std::size_t number = 0;
  for (const TableLayout& table : layout.tables) {
    for (const IndexLayout& index : table.indexes) number = std::max(number, index.id.index() + 1);
  }
  return number;
}

bool is_empty(const Database& database) {
  return !Scan{database, Family::Rows, "", past_everything()}.is_valid() && !database.get(Family::Meta, progress_key());
}

/// What is stored means nothing any more, except whose it is and the adopted ids.
void start_over(Database& database, const Fingerprint& fingerprint, const Progress& progress) {
  constexpr std::string_view kAction = "empty the store";
  rocksdb::WriteBatch batch;
  for (const Family family : {Family::Rows, Family::Index, Family::Pairs, Family::Undo}) {
    check(batch.DeleteRange(database.handle(family), "", past_everything()), kAction);
  }
  for (const std::string& prefix : {counter_prefix(), chunk_prefix(), reached_prefix()}) {
    check(batch.DeleteRange(database.handle(Family::Meta), prefix, prefix_end(prefix)), kAction);
  }
  Checkpoint::put(database, batch, progress);
  check(batch.Put(database.handle(Family::Meta), fingerprint_key(), encode_fingerprint(fingerprint)), kAction);
  FAILPOINT("before_store_emptied");
  database.write(batch, Database::Durability::Synced, kAction);
  FAILPOINT("after_store_emptied");
  // Only space from here on; what a crash leaves goes with compaction.
  for (const Family family : {Family::Rows, Family::Index, Family::Pairs, Family::Undo}) {
    database.drop_files(family, "", past_everything());
  }
}

/// Checks that the store is this pair's, and of this layout, or makes it so.
bool prepare(Database& database, const Identity& identity, const Layout& layout) {
  const Fingerprint wanted{.identity = identity, .layout = layout.fingerprint};
  const auto stored = database.get(Family::Meta, fingerprint_key());
  if (!stored) {
    if (!is_empty(database)) throw damaged("it does not say whose it is");
    FAILPOINT("before_store_named");
    rocksdb::WriteBatch batch;
    check(batch.Put(database.handle(Family::Meta), fingerprint_key(), encode_fingerprint(wanted)),
          "name the state store");
    database.write(batch, Database::Durability::Synced, "name the state store");
    // Into a table file at once: a damaged log can then never make it look like a new one.
    database.flush(Family::Meta);
    FAILPOINT("after_store_named");
    return true;
  }
  const Fingerprint found = decode_fingerprint(*stored);
  expect_same_identity(found.identity, identity);
  if (found.layout != wanted.layout) {
    Progress progress = Checkpoint{database}.read();
    progress.needs_snapshot = true;
    progress.snapshot_finished = false;
    progress.mixed_until = {};
    progress.meaning.clear();
    start_over(database, wanted, progress);
  } else if (const std::string now = encode_fingerprint(wanted); *stored != now) {
    // Of an older format that this one contains: from here on, older programs must not read it.
    rocksdb::WriteBatch batch;
    check(batch.Put(database.handle(Family::Meta), fingerprint_key(), now), "name the state store");
    database.write(batch, Database::Durability::Synced, "name the state store");
  }
  return true;
}

}  // namespace

Store::Impl::Impl(const Options& given_options, const Identity& given_identity, const Layout& given)
    : options(given_options),
      identity(given_identity),
      layout(given),
      indexes(place_indexes(layout)),
      routes(place_routes(layout)),
      database(options.directory, options.memory_budget_bytes),
      is_prepared(prepare(database, identity, layout)),
      checkpoint(database),
      chunk_log(database),
      id_map(database, layout),
      counters(database, layout.route_count),
      presence(database, layout),
      held(database),
      undo(database),
      has_entries(number_of_indexes(layout)) {
  for (Scan scan{database, Family::Meta, reached_prefix(), prefix_end(reached_prefix())}; scan.is_valid();
       scan.next()) {
    next_reached = RecordCursor{scan.key().substr(reached_prefix().size())}.u64() + 1;
  }
  for (const auto& [id, place] : indexes) {
    const std::string prefix = index_prefix(id, {});
    if (Scan{database, Family::Index, prefix, prefix_end(prefix)}.is_valid()) note_entries(id);
  }
  roll_back(*this, 0, CountersKnow::Yes);
}

const IndexPlace& Store::Impl::index(core::IndexId id) const {
  const auto found = indexes.find(id);
  if (found == indexes.end()) throw core::Error{core::ErrorKind::Bug, "the layout has no such index"};
  return found->second;
}

const RoutePlace& Store::Impl::route(core::RouteId id) const {
  const RoutePlace& place = routes.at(id.index());
  if (place.table == nullptr) throw core::Error{core::ErrorKind::Bug, "the layout has no such route"};
  return place;
}

bool Store::Impl::has_rows(core::TableId id, const core::RowKey& first, const core::RowKey& last) const {
  // A key is no prefix of another one of its table, so that nothing lies between `last` and this end.
  return Scan{database, Family::Rows, row_store_key(id, first), row_store_key(id, last) + '\0'}.is_valid();
}

StoredRow Store::Impl::decode(core::TableId id, std::string_view bytes) const {
  StoredRow row = decode_stored_row(bytes);
  if (row.statuses.size() != table(id).routes.size()) throw damaged("a stored row has other routes than its table");
  return row;
}

std::unique_ptr<Store> Store::open(const Options& options, const Identity& identity, const Layout& layout) {
  return std::unique_ptr<Store>{new Store{std::make_unique<Impl>(options, identity, layout)}};
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

const Layout& Store::layout() const { return impl_->layout; }
Progress Store::progress() const { return impl_->checkpoint.read(); }

void Store::save_progress(const Progress& progress) {
  rocksdb::WriteBatch batch;
  Checkpoint::put(impl_->database, batch, progress);
  impl_->database.write(batch, Database::Durability::Synced, "write the checkpoint");
  impl_->checkpoint.set(progress);
}

void Store::empty() {
  const Progress before = this->progress();
  Progress progress;
  progress.run = before.run;
  progress.token = before.token;
  progress.next_token = before.next_token;
  start_over(impl_->database, {.identity = impl_->identity, .layout = impl_->layout.fingerprint}, progress);
  // What is kept in memory beside the rows is read again.
  const Options options = impl_->options;
  const Identity identity = impl_->identity;
  const Layout layout = impl_->layout;
  impl_.reset();
  impl_ = std::make_unique<Impl>(options, identity, layout);
}

std::uint64_t Store::name_reached(std::span<const RowName> rows) {
  const std::uint64_t number = impl_->next_reached++;
  rocksdb::WriteBatch batch;
  check(batch.Put(impl_->database.handle(Family::Meta), reached_key(number), encode_reached(rows)),
        "name reached rows");
  impl_->database.write(batch, Database::Durability::Synced, "name reached rows");
  return number;
}

void Store::forget_reached(std::uint64_t number) {
  rocksdb::WriteBatch batch;
  check(batch.Delete(impl_->database.handle(Family::Meta), reached_key(number)), "forget reached rows");
  // Forgotten too late is harmless: such rows are derived once more.
  impl_->database.write(batch, Database::Durability::Logged, "forget reached rows");
}

std::vector<std::pair<std::uint64_t, std::vector<RowName>>> Store::reached() const {
  std::vector<std::pair<std::uint64_t, std::vector<RowName>>> named;
  for (Scan scan{impl_->database, Family::Meta, reached_prefix(), prefix_end(reached_prefix())}; scan.is_valid();
       scan.next()) {
    RecordCursor number{scan.key().substr(reached_prefix().size())};
    named.emplace_back(number.u64(), decode_reached(scan.value()));
  }
  return named;
}

std::vector<Chunk> Store::chunks() const { return impl_->chunk_log.all(); }

void Store::save_chunks(std::span<const Chunk> chunks) {
  rocksdb::WriteBatch batch;
  for (const Chunk& chunk : chunks) ChunkLog::put(impl_->database, batch, chunk);
  impl_->database.write(batch, Database::Durability::Synced, "record chunks");
  impl_->chunk_log.set(chunks);
}

void Store::forget_chunks() {
  rocksdb::WriteBatch batch;
  ChunkLog::put_forget(impl_->database, batch);
  impl_->database.write(batch, Database::Durability::Synced, "forget chunks");
  impl_->chunk_log.forget();
}

core::Lsn Store::chunk_lsn(core::TableId table, const core::RowKey& key) const {
  return impl_->chunk_log.lsn(table, key, impl_->checkpoint.applied());
}

core::Lsn Store::table_lsn(core::TableId table) const { return impl_->chunk_log.table_lsn(table); }

std::map<std::string, std::string> Store::schema_notes() const {
  std::map<std::string, std::string> notes;
  for (Scan scan{impl_->database, Family::Meta, schema_prefix(), prefix_end(schema_prefix())}; scan.is_valid();
       scan.next()) {
    notes.emplace(scan.key().substr(schema_prefix().size()), scan.value());
  }
  return notes;
}

void Store::save_schema_notes(const std::map<std::string, std::string>& notes) {
  rocksdb::WriteBatch batch;
  for (const auto& [table, note] : notes) {
    check(batch.Put(impl_->database.handle(Family::Meta), schema_key(table), note), "note the source's schema");
  }
  impl_->database.write(batch, Database::Durability::Synced, "note the source's schema");
}

std::size_t Store::adopt(core::EntityId entity, std::vector<Adopted> ids) {
  return impl_->id_map.adopt(entity, std::move(ids));
}

void Store::for_each_adopted(core::EntityId entity,
                             const std::function<void(const core::RowKey& key, const core::Uuid& uuid,
                                                      const core::RowKey& owner)>& visit) const {
  impl_->id_map.for_each_adopted(entity, visit);
}

core::Uuid Store::uuid(core::EntityId entity, const core::RowKey& key) const { return impl_->id_map.uuid(entity, key); }

bool Store::is_adopted(core::EntityId entity, const core::RowKey& key) const {
  return impl_->id_map.is_adopted(entity, key);
}

core::RowKey Store::owner(core::EntityId entity, const core::RowKey& key) const {
  return impl_->id_map.owner(entity, key);
}

std::vector<core::RowKey> Store::merged_keys(core::EntityId entity, const core::RowKey& owner) const {
  return impl_->id_map.merged_keys(entity, owner);
}

std::optional<StoredRow> Store::row(core::TableId table, const core::RowKey& key) const {
  const auto value = impl_->database.get(Family::Rows, row_store_key(table, key));
  if (!value) return std::nullopt;
  return impl_->decode(table, *value);
}

std::vector<std::optional<StoredRow>> Store::rows(core::TableId table, std::span<const core::RowKey> keys) const {
  std::vector<std::string> store_keys;
  store_keys.reserve(keys.size());
  for (const core::RowKey& key : keys) store_keys.push_back(row_store_key(table, key));
  std::vector<std::optional<StoredRow>> rows;
  rows.reserve(keys.size());
  for (const auto& value : impl_->database.get(Family::Rows, store_keys)) {
    rows.push_back(value ? std::optional{impl_->decode(table, *value)} : std::nullopt);
  }
  return rows;
}

void Store::scan(core::TableId table, const core::RowKey& begin, const core::RowKey& end,
                 const std::function<bool(const core::RowKey& key, StoredRow row)>& visit) const {
  const std::string last = end.empty() ? prefix_end(table_prefix(table)) : row_store_key(table, end);
  for (Scan scan{impl_->database, Family::Rows, row_store_key(table, begin), last, Scan::Purpose::Sweep};
       scan.is_valid(); scan.next()) {
    if (!visit(row_key_of(scan.key()), impl_->decode(table, scan.value()))) return;
  }
}

void Store::scan_keys(core::TableId table, const core::RowKey& begin, const core::RowKey& end,
                      const std::function<bool(core::RowKey key)>& visit) const {
  const std::string last = end.empty() ? prefix_end(table_prefix(table)) : row_store_key(table, end);
  for (Scan scan{impl_->database, Family::Rows, row_store_key(table, begin), last, Scan::Purpose::Sweep};
       scan.is_valid(); scan.next()) {
    if (!visit(row_key_of(scan.key()))) return;
  }
}

std::vector<core::RowKey> Store::find(core::TableId, core::IndexId index, const core::RowKey& values) const {
  std::vector<core::RowKey> keys;
  if (values.empty() || !impl_->has_entries.at(index.index()).load(std::memory_order_acquire)) return keys;
  const std::string prefix = index_prefix(index, values);
  for (Scan scan{impl_->database, Family::Index, prefix, prefix_end(prefix), Scan::Purpose::OneIndexValue};
       scan.is_valid(); scan.next()) {
    keys.push_back({std::string{scan.key().substr(prefix.size())}});
  }
  return keys;
}

bool Store::is_present(core::EntityId entity, const core::RowKey& key) const {
  const core::RowKey owner_key = owner(entity, key);
  if (impl_->presence.knows(entity)) return impl_->presence.contains(entity, owner_key);
  const EntityLayout& of = impl_->entity(entity);
  const auto is_applied = [&](const core::RowKey& row_key) {
    const auto found = row(of.table, row_key);
    return found && found->statuses.at(of.slot) == core::RowStatus::Applied;
  };
  if (!of.index) return is_applied(owner_key);
  const std::vector<core::RowKey> rows = find(of.table, *of.index, owner_key);
  return std::any_of(rows.begin(), rows.end(), is_applied);
}

std::optional<core::RowKey> Store::lowest_sharing(core::RouteId route, std::string_view target_key,
                                                  const std::function<bool(const core::RowKey& key)>& accepts) const {
  const std::string prefix = pair_prefix(route, target_key);
  for (Scan scan{impl_->database, Family::Pairs, prefix, prefix_end(prefix)}; scan.is_valid(); scan.next()) {
    core::RowKey key{std::string{scan.key().substr(prefix.size())}};
    if (accepts(key)) return key;
  }
  return std::nullopt;
}

core::HeldTransactions& Store::held_transactions() { return impl_->held; }

std::vector<core::RouteCounters> Store::counters() const { return impl_->counters.read(); }

std::vector<core::RouteCounters> Store::recount() const { return Census{*this}.count(); }

std::uint64_t Store::size_bytes() const { return impl_->database.size_bytes(); }
void Store::settle() { impl_->database.compact(); }

}  // namespace state
