#include "tests/unit/state/fixture.hpp"

namespace tests {

state::Layout layout() {
  using core::KeyType;
  state::Layout layout;
  layout.tables = {
      {.id = kPeople,
       .key_size = 1,
       .key_types = {KeyType::Integer},
       .routes = {kPersonRoute, kPairRoute},
       .indexes = {{kPeopleByLogin, {1}, {KeyType::Text}}}},
      {.id = kOrders,
       .key_size = 1,
       .key_types = {KeyType::Integer},
       .routes = {kOrderRoute},
       .indexes = {{kOrdersByPerson, {1}, {KeyType::Integer}}}},
      {.id = kCodes, .key_size = 1, .key_types = {KeyType::Text}, .routes = {kCodeRoute}, .indexes = {}},
  };
  layout.entities = {
      {.id = kPerson,
       .name = "person",
       .table = kPeople,
       .slot = 0,
       .index = {},
       .key_types = {KeyType::Integer},
       .is_referred_to = true},
      {.id = kLogin,
       .name = "login",
       .table = kPeople,
       .slot = 0,
       .index = kPeopleByLogin,
       .key_types = {KeyType::Text},
       .is_referred_to = true},
      {.id = kCode,
       .name = "code",
       .table = kCodes,
       .slot = 0,
       .index = {},
       .key_types = {KeyType::Text},
       .is_referred_to = true},
  };
  layout.route_count = 4;
  layout.name_space = uuid_of(7);
  layout.fingerprint = "one";
  return layout;
}

state::Identity identity() { return {"source-1", "legacy", "target-1", "postgres", "slot", "publication"}; }

core::RowKey number(std::int64_t value) {
  const std::string digits = std::to_string(value);
  const core::KeyType type = core::KeyType::Integer;
  const core::Value of = core::Value::of(digits);
  return core::encode_key({&type, 1}, {&of, 1});
}

core::RowKey text(std::string_view value) {
  const core::KeyType type = core::KeyType::Text;
  const core::Value of = core::Value::of(value);
  return core::encode_key({&type, 1}, {&of, 1});
}

core::Row row_of(const std::vector<std::string>& values) {
  core::RowBuilder row{values.size()};
  for (const std::string& value : values) row.add_text(value);
  return std::move(row).finish();
}

core::Uuid uuid_of(std::uint8_t byte) {
  core::Uuid uuid;
  uuid.bytes.fill(byte);
  return uuid;
}

StoreFixture::StoreFixture()
    : directory("state"), options{.directory = directory.path() / "state", .memory_budget_bytes = 8U << 20U} {
  reopen();
}

void StoreFixture::reopen(const state::Layout& with) {
  store.reset();
  store = state::Store::open(options, identity(), with);
}

void StoreFixture::put_person(std::int64_t id, const std::string& login, core::RowStatus status) {
  state::Overlay overlay{*store};
  overlay.put_image(kPeople, number(id), row_of({std::to_string(id), login}));
  overlay.set_status(kPeople, number(id), 0, status);
  overlay.commit({}, {});
}

void StoreFixture::put_order(std::int64_t id, std::int64_t person, core::RowStatus status) {
  state::Overlay overlay{*store};
  overlay.put_image(kOrders, number(id), row_of({std::to_string(id), std::to_string(person)}));
  overlay.set_status(kOrders, number(id), 0, status);
  overlay.commit({}, {});
}

std::vector<core::RowKey> StoreFixture::sharing(const std::string& target_key) const {
  std::vector<core::RowKey> keys;
  const auto none = store->lowest_sharing(kPairRoute, target_key, [&](const core::RowKey& key) {
    keys.push_back(key);
    return false;
  });
  BOOST_REQUIRE(!none);
  return keys;
}

}  // namespace tests
