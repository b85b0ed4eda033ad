#include "state/id_map.hpp"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <mutex>
#include <tuple>

#include "core/error.hpp"
#include "state/database.hpp"
#include "state/keys.hpp"
#include "state/record.hpp"
#include "state/rocks_status.hpp"
#include "state/scan.hpp"

namespace state {

namespace {

constexpr std::size_t kUuidBytes = 16;
constexpr std::size_t kIdPieceBytes = 4U << 20U;

}  // namespace

IdMap::IdMap(Database& database, const Layout& layout)
    : database_(database), layout_(layout), adoptions_(layout.entities.size()) {
  for (std::size_t entity = 0; entity < adoptions_.size(); ++entity) {
    const auto value = database_.get(Family::Meta, adoption_key(layout_.entities[entity].name));
    if (!value) continue;
    RecordCursor cursor{*value};
    adoptions_[entity].generation = cursor.u32();
    adoptions_[entity].count = cursor.u64();
    adoptions_[entity].is_merged = cursor.u8() != 0;
    cursor.expect_end();
  }
}

std::size_t IdMap::adopt(core::EntityId entity, std::vector<Store::Adopted> ids) {
  const std::string& entity_name = name(entity);
  std::sort(ids.begin(), ids.end(), [](const Store::Adopted& a, const Store::Adopted& b) {
    return std::tie(a.key, a.uuid) < std::tie(b.key, b.uuid);
  });
  const auto is_same_key = [](const Store::Adopted& a, const Store::Adopted& b) { return a.key == b.key; };
  const auto is_same = [&](const Store::Adopted& a, const Store::Adopted& b) {
    return is_same_key(a, b) && a.uuid == b.uuid;
  };
  ids.erase(std::unique(ids.begin(), ids.end(), is_same), ids.end());
  if (const auto twice = std::adjacent_find(ids.begin(), ids.end(), is_same_key); twice != ids.end()) {
    throw core::Error{core::ErrorKind::Refused, "an earlier migration gave one legacy key two ids"}
        .with("entity", entity_name)
        .with("key", core::key_text(twice->key))
        .remedy("leave one of them in the query that lists the ids to adopt");
  }

  // Positions by id, then by key: the first of each group owns it.
  std::vector<std::uint32_t> by_uuid(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) by_uuid[i] = static_cast<std::uint32_t>(i);
  std::sort(by_uuid.begin(), by_uuid.end(),
            [&](std::uint32_t a, std::uint32_t b) { return std::tie(ids[a].uuid, a) < std::tie(ids[b].uuid, b); });

  Adoption next = adoption(entity);
  const std::uint32_t previous = next.generation;
  next = {.generation = previous + 1, .count = ids.size(), .is_merged = false};
  const std::string prefix = adopted_entity_prefix(entity_name);
  std::string previous_end = prefix;
  append_u32(previous_end, next.generation);
  rocksdb::ColumnFamilyHandle* family = database_.handle(Family::Adopted);
  constexpr std::string_view kAction = "write adopted ids";

  rocksdb::WriteBatch batch;
  // What an interrupted adoption left under this generation.
  check(batch.DeleteRange(family, previous_end, prefix_end(prefix)), kAction);
  const std::string ids_prefix = adopted_ids_prefix(entity_name, next.generation);
  const std::string members_prefix = adopted_members_prefix(entity_name, next.generation);
  for (std::size_t begin = 0; begin < by_uuid.size();) {
    std::size_t end = begin + 1;
    while (end < by_uuid.size() && ids[by_uuid[end]].uuid == ids[by_uuid[begin]].uuid) ++end;
    const Store::Adopted& owner = ids[by_uuid[begin]];
    const bool is_merged = end - begin > 1;
    next.is_merged = next.is_merged || is_merged;
    for (std::size_t i = begin; i < end; ++i) {
      const Store::Adopted& one = ids[by_uuid[i]];
      std::string value{one.uuid.bytes.begin(), one.uuid.bytes.end()};
      if (i != begin) value += owner.key.bytes;
      check(batch.Put(family, ids_prefix + one.key.bytes, value), kAction);
      if (is_merged) check(batch.Put(family, members_prefix + owner.key.bytes + one.key.bytes, ""), kAction);
    }
    begin = end;
    if (batch.GetDataSize() >= kIdPieceBytes) {
      database_.write(batch, Database::Durability::Logged, kAction);
      batch.Clear();
    }
  }
  std::string record;
  append_u32(record, next.generation);
  append_u64(record, next.count);
  append_u8(record, next.is_merged ? 1 : 0);
  check(batch.Put(database_.handle(Family::Meta), adoption_key(entity_name), record), kAction);
  check(batch.DeleteRange(family, prefix, previous_end), kAction);
  database_.write(batch, Database::Durability::Synced, kAction);

  const std::unique_lock lock{mutex_};
  adoptions_[entity.index()] = next;
  return ids.size();
}

IdMap::Record IdMap::decode_record(const core::RowKey& key, std::string_view bytes) {
  RecordCursor cursor{bytes};
  Record record;
  const std::string_view uuid = cursor.take(kUuidBytes);
  std::copy(uuid.begin(), uuid.end(), record.uuid.bytes.begin());
  record.owner = cursor.rest().empty() ? key : core::RowKey{std::string{cursor.rest()}};
  return record;
}

IdMap::Adoption IdMap::adoption(core::EntityId entity) const {
  const std::shared_lock lock{mutex_};
  return adoptions_.at(entity.index());
}

std::optional<IdMap::Record> IdMap::record(core::EntityId entity, const Adoption& current,
                                           const core::RowKey& key) const {
  const auto value = database_.get(Family::Adopted, adopted_ids_prefix(name(entity), current.generation) + key.bytes);
  if (!value) return std::nullopt;
  return decode_record(key, *value);
}

void IdMap::for_each_adopted(
    core::EntityId entity,
    const std::function<void(const core::RowKey&, const core::Uuid&, const core::RowKey&)>& visit) const {
  const Adoption current = adoption(entity);
  if (current.count == 0) return;
  const std::string prefix = adopted_ids_prefix(name(entity), current.generation);
  for (Scan scan{database_, Family::Adopted, prefix, prefix_end(prefix), Scan::Purpose::Sweep}; scan.is_valid();
       scan.next()) {
    const core::RowKey key{std::string{scan.key().substr(prefix.size())}};
    const Record found = decode_record(key, scan.value());
    visit(key, found.uuid, found.owner);
  }
}

core::Uuid IdMap::uuid(core::EntityId entity, const core::RowKey& key) const {
  const Adoption current = adoption(entity);
  if (current.count > 0) {
    if (const auto adopted = record(entity, current, key)) return adopted->uuid;
  }
  return core::uuid_v5(layout_.name_space, name(entity) + ":" + core::key_text(key));
}

bool IdMap::is_adopted(core::EntityId entity, const core::RowKey& key) const {
  const Adoption current = adoption(entity);
  return current.count > 0 && record(entity, current, key).has_value();
}

core::RowKey IdMap::owner(core::EntityId entity, const core::RowKey& key) const {
  const Adoption current = adoption(entity);
  if (!current.is_merged) return key;
  const auto adopted = record(entity, current, key);
  return adopted ? adopted->owner : key;
}

std::vector<core::RowKey> IdMap::merged_keys(core::EntityId entity, const core::RowKey& owner) const {
  const Adoption current = adoption(entity);
  std::vector<core::RowKey> keys{owner};
  if (!current.is_merged) return keys;
  const std::string prefix = adopted_members_prefix(name(entity), current.generation) + owner.bytes;
  for (Scan scan{database_, Family::Adopted, prefix, prefix_end(prefix)}; scan.is_valid(); scan.next()) {
    core::RowKey key{std::string{scan.key().substr(prefix.size())}};
    if (key != owner) keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace state
