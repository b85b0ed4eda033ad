#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/ids.hpp"
#include "core/row_key.hpp"
#include "core/uuid.hpp"

/// What the state store has to know of the plan, in its own words: it knows neither mapping nor SQL.
namespace state {

struct IndexLayout {
  core::IndexId id;
  std::vector<std::uint16_t> columns;    ///< positions in the image
  std::vector<core::KeyType> key_types;  ///< of these columns
};

struct TableLayout {
  core::TableId id;
  std::size_t key_size = 0;              ///< leading image columns that are the primary key
  std::vector<core::KeyType> key_types;  ///< of the primary key
  std::vector<core::RouteId> routes;     ///< a row keeps one status per entry, in this order (its "slots")
  std::vector<IndexLayout> indexes;
};

struct EntityLayout {
  core::EntityId id;
  std::string name;                    ///< as in UUIDv5("<name>:<key>")
  core::TableId table;                 ///< that its first route reads
  std::uint16_t slot = 0;              ///< of that route among the table's routes
  std::optional<core::IndexId> index;  ///< over the key columns, when they are not the primary key
  std::vector<core::KeyType> key_types;
  bool is_referred_to = false;  ///< some ref asks for its presence: worth a bitmap in memory
};

struct Layout {
  std::vector<TableLayout> tables;     ///< by TableId
  std::vector<EntityLayout> entities;  ///< by EntityId
  std::size_t route_count = 0;
  core::Uuid name_space;
  std::string fingerprint;  ///< of everything above that decides what stored bytes mean
};

}  // namespace state
