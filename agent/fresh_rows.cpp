#include "agent/fresh_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "agent/table_shape.hpp"
#include "core/error.hpp"
#include "mapping/derive.hpp"
#include "pg/quoting.hpp"
#include "pg/sqlstate.hpp"
#include "snapshot/row_finder.hpp"
#include "snapshot/seen_table.hpp"

namespace agent {

/// What was read already, as answers to what deriving asks; what was not is put down to be read, and answered in vain.
class FreshRows::Answers final : public core::Lookup {
 public:
  explicit Answers(FreshRows& rows) : rows_(rows) {}

  /// Whether everything that was asked since the last call had an answer.
  bool were_complete() { return std::exchange(are_complete_, true); }

  std::optional<core::Row> image(core::TableId table, const core::RowKey& key) override {
    const auto& images = rows_.images_[table];
    const auto found = images.find(key);
    if (found != images.end()) return found->second;
    are_complete_ = false;
    rows_.want_row(table, key);
    return std::nullopt;
  }
  std::vector<core::RowKey> find(core::IndexId index, const core::RowKey& values) override {
    const auto& answer = rows_.found_[index][values];
    if (answer) return *answer;
    are_complete_ = false;
    return {};
  }
  bool is_present(core::EntityId entity, const core::RowKey& key) override {
    rows_.want_parent(entity, rows_.store_.owner(entity, key));
    return true;
  }
  core::Uuid uuid(core::EntityId entity, const core::RowKey& key) override { return rows_.store_.uuid(entity, key); }
  core::RowKey owner(core::EntityId entity, const core::RowKey& key) override {
    return rows_.store_.owner(entity, key);
  }

 private:
  FreshRows& rows_;
  bool are_complete_ = true;
};

FreshRows::FreshRows(const mapping::Plan& plan, const state::Store& store, pg::Session& source,
                     std::chrono::seconds patience)
    : plan_(plan),
      store_(store),
      source_(source),
      patience_(patience),
      end_(std::chrono::steady_clock::now() + patience) {
  for (const mapping::SourceTable& table : plan.tables) shapes_.push_back(shape_of(table));
}

std::vector<core::KeyType> FreshRows::types_of(core::TableId table, const std::vector<std::uint16_t>& columns) const {
  std::vector<core::KeyType> types;
  for (const std::uint16_t column : columns) types.push_back(plan_.table(table).columns[column].key_type);
  return types;
}

std::vector<std::pair<core::RowKey, core::Row>> FreshRows::find(core::TableId table,
                                                                const std::vector<std::uint16_t>& columns,
                                                                const std::vector<core::KeyType>& types,
                                                                const std::vector<core::RowKey>& values) {
  using std::chrono::milliseconds;
  const snapshot::TableShape& shape = shapes_[table.index()];
  if (patience_.count() == 0) return snapshot::find_rows(source_, shape, columns, types, values);
  // At least something: 0 would mean no limit.
  const auto left = std::chrono::ceil<milliseconds>(end_ - std::chrono::steady_clock::now());
  source_.exec(fmt::format("SET LOCAL statement_timeout = {}", std::max(left, milliseconds{1}).count()));
  try {
    return snapshot::find_rows(source_, shape, columns, types, values);
  } catch (const core::Error& error) {
    if (error.sqlstate() != pg::kQueryCanceled || std::chrono::steady_clock::now() < end_) throw;
    std::string columns_text;
    for (const std::uint16_t column : columns)
      columns_text += (columns_text.empty() ? "" : ", ") + pg::quote_identifier(shape.columns[column]);
    const std::string place = fmt::format("{} ({})", pg::quote_name(shape.name), columns_text);
    throw core::Error(core::ErrorKind::Source,
                      fmt::format("the source did not find rows of {} within {} s, for which the stream stood still",
                                  place, patience_.count()))
        .remedy("see that it has an index on " + place +
                ", and that nobody holds the table locked; or stop the agent: where none runs, `agent repair` takes as "
                "long as it needs");
  }
}

void FreshRows::want_row(core::TableId table, const core::RowKey& key) {
  if (!images_[table].contains(key)) wanted_[table].insert(key);
}

void FreshRows::want_parent(core::EntityId id, const core::RowKey& key) {
  if (!parents_.emplace(id, key).second) return;
  const mapping::Entity& entity = plan_.entity(id);
  const mapping::Route& route = plan_.route(entity.routes.front());
  if (route.key_is_primary) {
    want_row(entity.table, key);
    if (!derived_[entity.table].contains(key)) underived_[entity.table].insert(key);
  } else {
    parents_wanted_[{entity.table, route.key, entity.key_types}].insert(key);
  }
}

void FreshRows::read(core::TableId table, std::span<const core::RowKey> keys) {
  for (const core::RowKey& key : keys) {
    want_row(table, key);
    if (!derived_[table].contains(key)) underived_[table].insert(key);
  }
  do {
    fetch_rows();
    fetch_answers();
  } while (derive_rows());
  want_what_only_the_store_sees();
  fetch_rows();
  // The reading holds the locks of all these tables until the snapshot's transaction ends.
  for (const auto& [read, images] : images_) snapshot::require_seen(source_, plan_.table(read).name);
}

void FreshRows::fetch_rows() {
  for (const auto& [table, keys] : std::exchange(wanted_, {})) {
    std::vector<std::uint16_t> columns;
    for (std::size_t i = 0; i < plan_.table(table).key_size; ++i) columns.push_back(static_cast<std::uint16_t>(i));
    const std::vector<core::RowKey> values(keys.begin(), keys.end());
    for (const core::RowKey& key : values) images_[table].try_emplace(key);
    for (auto& [key, row] : find(table, columns, types_of(table, columns), values)) {
      images_[table][key] = std::move(row);
    }
  }
}

void FreshRows::fetch_answers() {
  for (auto& [id, answers] : found_) {
    const mapping::Index& index = plan_.index(id);
    const auto types = types_of(index.table, index.columns);
    std::vector<core::RowKey> asked;
    for (const auto& [values, answer] : answers) {
      if (!answer) asked.push_back(values);
    }
    for (const core::RowKey& values : asked) answers[values].emplace();
    for (auto& [key, row] : find(index.table, index.columns, types, asked)) {
      std::vector<core::Value> values;
      for (const std::uint16_t column : index.columns) values.push_back(row[column]);
      auto& answer = answers[core::encode_key(types, values)];
      if (!answer) answer.emplace();  // equal for the server, though not the same bytes
      answer->push_back(key);
      images_[index.table][key] = std::move(row);
    }
    // As the store's index has them.
    for (const core::RowKey& values : asked) std::ranges::sort(*answers[values]);
  }
  for (const auto& [question, keys] : std::exchange(parents_wanted_, {})) {
    const std::vector<core::RowKey> values(keys.begin(), keys.end());
    for (auto& [key, row] : find(question.table, question.columns, question.types, values)) {
      images_[question.table][key] = std::move(row);
      if (!derived_[question.table].contains(key)) underived_[question.table].insert(key);
    }
  }
}

/// Derives what is not complete yet, on every route, to learn what that reads. Whether anything is left to be read.
bool FreshRows::derive_rows() {
  Answers answers{*this};
  for (const auto& [table, keys] : std::exchange(underived_, {})) {
    for (const core::RowKey& key : keys) {
      const auto image = answers.image(table, key);
      if (image) {
        for (const core::RouteId route : plan_.table(table).routes) {
          static_cast<void>(mapping::derive(plan_, plan_.route(route), key, *image, answers));
        }
      }
      (answers.were_complete() ? derived_ : underived_)[table].insert(key);
    }
  }
  return !underived_.empty() || !wanted_.empty() || !parents_wanted_.empty();
}

void FreshRows::want_what_only_the_store_sees() {
  for (const auto& [id, answers] : found_) {
    const core::TableId table = plan_.index(id).table;
    for (const auto& [values, answer] : answers) {
      for (const core::RowKey& key : store_.find(table, id, values)) want_row(table, key);
    }
  }
}

std::vector<apply::Applier::SourceRow> FreshRows::take() {
  std::vector<apply::Applier::SourceRow> rows;
  for (auto& [table, images] : images_) {
    for (auto& [key, image] : images) rows.push_back({table, key, std::move(image), derived_[table].contains(key)});
  }
  images_.clear();
  derived_.clear();
  found_.clear();
  parents_.clear();
  return rows;
}

}  // namespace agent
