#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/row.hpp"
#include "core/row_key.hpp"
#include "state/overlay.hpp"
#include "state/store.hpp"
#include "tests/support/temp_dir.hpp"

namespace tests {

// One small world: people (route 0, and route 1 without an id), orders of people (route 2), and the text-keyed codes (route 3).
inline constexpr core::TableId kPeople{0};
inline constexpr core::TableId kOrders{1};
inline constexpr core::TableId kCodes{2};
inline constexpr core::RouteId kPersonRoute{0};
inline constexpr core::RouteId kPairRoute{1};
inline constexpr core::RouteId kOrderRoute{2};
inline constexpr core::RouteId kCodeRoute{3};
inline constexpr core::IndexId kPeopleByLogin{0};
inline constexpr core::IndexId kOrdersByPerson{1};
inline constexpr core::EntityId kPerson{0};  ///< by primary key: has a bitmap
inline constexpr core::EntityId kLogin{1};   ///< of people, by another column
inline constexpr core::EntityId kCode{2};    ///< by a text key

[[nodiscard]] state::Layout layout();
[[nodiscard]] state::Identity identity();
[[nodiscard]] core::RowKey number(std::int64_t value);
[[nodiscard]] core::RowKey text(std::string_view value);
[[nodiscard]] core::Row row_of(const std::vector<std::string>& values);
[[nodiscard]] core::Uuid uuid_of(std::uint8_t byte);

/// A store in a directory of its own.
struct StoreFixture {
  StoreFixture();
  void reopen(const state::Layout& with = layout());
  /// Writes one person or order with the status of its first slot.
  void put_person(std::int64_t id, const std::string& login, core::RowStatus status = core::RowStatus::Applied);
  void put_order(std::int64_t id, std::int64_t person, core::RowStatus status = core::RowStatus::Applied);
  /// Who has this target key in the store.
  [[nodiscard]] std::vector<core::RowKey> sharing(const std::string& target_key) const;

  TempDir directory;
  state::Store::Options options;
  std::unique_ptr<state::Store> store;
};

}  // namespace tests
