#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "apply/applier.hpp"
#include "core/lookup.hpp"
#include "core/row.hpp"
#include "core/row_key.hpp"
#include "mapping/plan.hpp"
#include "pg/session.hpp"
#include "snapshot/table_shape.hpp"
#include "state/store.hpp"

namespace agent {

/// Rows read anew from the source with everything that deriving them reads, so that nothing of the local state has to be believed: joined rows, the rows
/// that they refer to with all that these read, and rows of which only the local state says that they are seen.
class FreshRows {
 public:
  /// `source` sees a snapshot at the position that `store` is at, in an open transaction; nobody writes to the store meanwhile. Adopted ids are the
  /// store's. `patience`: for all that is read from now on; 0: for as long as it takes.
  FreshRows(const mapping::Plan& plan, const state::Store& store, pg::Session& source, std::chrono::seconds patience);

  /// Throws Error(Source): transient when a table was rewritten since the snapshot was taken; not so when patience ends, with the table and the columns
  /// that rows were being found by.
  void read(core::TableId table, std::span<const core::RowKey> keys);
  /// Everything that was read so far; rows that the source does not have have no image.
  [[nodiscard]] std::vector<apply::Applier::SourceRow> take();

 private:
  class Answers;
  using Images = std::map<core::RowKey, std::optional<core::Row>>;
  /// A question for the rows that hold some values, and where they are asked for.
  struct Question {
    core::TableId table;
    std::vector<std::uint16_t> columns;
    std::vector<core::KeyType> types;
    friend auto operator<=>(const Question& a, const Question& b) = default;
  };

  [[nodiscard]] std::vector<core::KeyType> types_of(core::TableId table,
                                                    const std::vector<std::uint16_t>& columns) const;
  [[nodiscard]] std::vector<std::pair<core::RowKey, core::Row>> find(core::TableId table,
                                                                     const std::vector<std::uint16_t>& columns,
                                                                     const std::vector<core::KeyType>& types,
                                                                     const std::vector<core::RowKey>& values);
  void want_row(core::TableId table, const core::RowKey& key);
  void want_parent(core::EntityId entity, const core::RowKey& key);
  void fetch_rows();
  void fetch_answers();
  bool derive_rows();
  void want_what_only_the_store_sees();

  const mapping::Plan& plan_;
  const state::Store& store_;
  pg::Session& source_;
  const std::chrono::seconds patience_;
  const std::chrono::steady_clock::time_point end_;
  std::vector<snapshot::TableShape> shapes_;  // by TableId

  std::map<core::TableId, Images> images_;
  std::map<core::TableId, std::set<core::RowKey>> wanted_;  // images that are still to be read
  std::map<core::IndexId, std::map<core::RowKey, std::optional<std::vector<core::RowKey>>>>
      found_;                                                  // no answer yet: asked
  std::map<Question, std::set<core::RowKey>> parents_wanted_;  // by columns that are no primary key
  std::set<std::pair<core::EntityId, core::RowKey>> parents_;
  std::map<core::TableId, std::set<core::RowKey>> underived_;  // whose reading is not complete yet
  std::map<core::TableId, std::set<core::RowKey>> derived_;
};

}  // namespace agent
