#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/ids.hpp"
#include "core/row.hpp"
#include "core/row_key.hpp"
#include "state/layout.hpp"

/// Every key of the store is made here. Integers are big-endian and row keys memcomparable, so that bytes sort like values;
/// all parts but the last are self-delimiting, so that a key of fewer parts is a proper prefix.
///
///   family   key                                                        value
///   meta     0x00                                                       fingerprint (fingerprint.cpp)
///            'P'                                                        progress (checkpoint.cpp)
///            'C' route:u16                                              five counters (status_counters.cpp)
///            'K' table:u16 number:u32                                   chunk (chunk_log.cpp)
///            'A' entity name                                            the entity's adopted ids in short (id_map.cpp)
///            'J' number:u64                                             rows reached (reached_rows.cpp)
///            'S' name                                                   a note on the source's schema: opaque here
///   rows     table:u16 row key                                          stored row (stored_row.hpp)
///   index    index:u16 index values row key                             –
///   pairs    route:u16 target key, escaped row key                      –
///   adopted  entity name, escaped generation:u32 'I' key                uuid:16 owner key (empty: itself)
///            entity name, escaped generation:u32 'M' owner key, key     –
///   held     0x00 xid:u32 sequence:u64                                  subxid:u32 message
///            0x01 xid:u32 subxid:u32 sequence:u64                       – (the first message of a run of that subxid)
///   undo     generation:u64 table:u16 row key                           stored row before; empty: none (undo_log.hpp)
///
///   escaped := bytes 0x00 0x00, where a 0x00 inside is written 0x00 0xFF
///
/// Tables, indexes and routes are numbers of the plan and mean nothing under another layout: their rows go when it changes.
/// Adopted ids survive that, so their entities are named.
namespace state {

[[nodiscard]] std::string fingerprint_key();
[[nodiscard]] std::string progress_key();
[[nodiscard]] std::string counter_prefix();
[[nodiscard]] std::string counter_key(core::RouteId route);
[[nodiscard]] std::string chunk_prefix();
[[nodiscard]] std::string chunk_key(core::TableId table, std::uint32_t number);
[[nodiscard]] std::string reached_prefix();
[[nodiscard]] std::string reached_key(std::uint64_t number);
[[nodiscard]] std::string schema_prefix();
[[nodiscard]] std::string schema_key(std::string_view name);
[[nodiscard]] std::string adoption_key(std::string_view entity);

[[nodiscard]] std::string table_prefix(core::TableId table);
[[nodiscard]] std::string row_store_key(core::TableId table, const core::RowKey& key);
/// The row key of a key of family rows.
[[nodiscard]] core::RowKey row_key_of(std::string_view row_store_key);

[[nodiscard]] std::string index_prefix(core::IndexId index, const core::RowKey& values);
[[nodiscard]] std::string index_entry(core::IndexId index, const core::RowKey& values, const core::RowKey& key);
/// How many bytes of a key of family index are its index and the first of its values: what prefix filters are built from.
/// Nothing when the bytes are no such key.
[[nodiscard]] std::optional<std::size_t> first_column_prefix_size(std::string_view index_entry);

[[nodiscard]] std::string pair_prefix(core::RouteId route, std::string_view target_key);
[[nodiscard]] std::string pair_entry(core::RouteId route, std::string_view target_key, const core::RowKey& key);

[[nodiscard]] std::string adopted_entity_prefix(std::string_view entity);
[[nodiscard]] std::string adopted_ids_prefix(std::string_view entity, std::uint32_t generation);
[[nodiscard]] std::string adopted_members_prefix(std::string_view entity, std::uint32_t generation);

[[nodiscard]] std::string held_prefix(std::uint32_t xid);
[[nodiscard]] std::string held_key(std::uint32_t xid, std::uint64_t sequence);
[[nodiscard]] std::string held_runs_prefix(std::uint32_t xid);
[[nodiscard]] std::string held_runs_prefix(std::uint32_t xid, std::uint32_t subxid);
[[nodiscard]] std::string held_run_key(std::uint32_t xid, std::uint32_t subxid, std::uint64_t sequence);

[[nodiscard]] std::string undo_prefix(std::uint64_t generation);
/// The key of family rows that a key of family undo is about.
[[nodiscard]] std::string_view undo_row_key_of(std::string_view undo_key);

/// The first key behind every key that begins with `prefix`. Precondition: some byte is not 0xFF.
[[nodiscard]] std::string prefix_end(std::string prefix);
/// Behind every key of any family.
[[nodiscard]] std::string past_everything();

/// The values of an index's columns in a row's image; empty when one of them is NULL: nobody looks for NULL, which equals nothing, so
/// such rows have no entry. Throws Error(Bug) when the image has too few columns.
[[nodiscard]] core::RowKey index_values(const IndexLayout& index, const core::Row& image);
/// The value of a key of one Integer column, moved so that it sorts unsigned. Precondition: is_single_integer(key).
[[nodiscard]] std::uint64_t biased_integer(const core::RowKey& key);
[[nodiscard]] bool is_single_integer(const core::RowKey& key);

}  // namespace state
