#include "agent/adoption_conflicts.hpp"

#include <string>
#include <vector>

#include "agent/name_list.hpp"
#include "core/error.hpp"
#include "core/row_key.hpp"
#include "core/uuid.hpp"

namespace agent {

namespace {

/// Keys whose row is in the target under another id than the query gives. What is no key or no uuid is for adopting itself to refuse.
std::vector<std::string> keys_under_other_ids(const mapping::Entity& entity, const state::Store& store,
                                              const pg::Result& ids) {
  std::vector<std::string> keys;
  for (std::size_t row = 0; row < ids.rows(); ++row) {
    const auto key_text = ids.get(row, 0);
    const auto uuid = core::Uuid::parse(ids.text(row, 1));
    if (!key_text || !uuid) continue;
    const core::RowKey key = core::parse_key(entity.key_types, *key_text);
    if (store.uuid(entity.id, key) != *uuid && store.is_present(entity.id, key)) keys.emplace_back(*key_text);
  }
  return keys;
}

}  // namespace

void refuse_conflicting_adoption(const Environment& environment, const state::Store& store, pg::Session& target) {
  const pg::TransactionBlock block(target, "isolation level repeatable read read only");
  for (const mapping::Entity& entity : environment.plan.entities) {
    if (entity.adopt.empty()) continue;
    const pg::Result ids = target.exec(entity.adopt);
    if (ids.columns() != 2) continue;
    const std::vector<std::string> keys = keys_under_other_ids(entity, store, ids);
    if (keys.empty()) continue;
    throw core::Error(core::ErrorKind::Refused,
                      std::to_string(keys.size()) + " rows are in the target under other ids than those to adopt")
        .with("entity", entity.name)
        .with("keys", name_list(keys, 5))
        .remedy("correct the adopt: query, or the rows of the target that it reads, and start again");
  }
}

}  // namespace agent
