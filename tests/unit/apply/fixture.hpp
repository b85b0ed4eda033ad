#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apply/batch.hpp"
#include "apply/projection.hpp"
#include "core/change.hpp"
#include "mapping/plan.hpp"
#include "state/overlay.hpp"
#include "state/store.hpp"
#include "tests/support/temp_dir.hpp"

namespace tests {

using Cells = std::vector<std::optional<std::string>>;

/// A cell that stands for a TOASTed value that was not sent.
inline const std::string kUnchanged = "(unchanged)";

[[nodiscard]] core::Row row_of(const Cells& cells);
[[nodiscard]] core::RowKey number(std::int64_t value);
/// A relation `person` with these columns; `id` is its key.
[[nodiscard]] std::shared_ptr<const core::Relation> relation(const std::vector<std::string>& columns,
                                                             const std::string& name = "person");
/// The plan of one route: people from person(id, name, body), and another from log(id, line).
[[nodiscard]] mapping::Plan plan_with(const std::string& on_truncate);

/// A batch over a real store in a directory of its own.
struct BatchFixture {
  explicit BatchFixture(const std::string& on_truncate = "delete");

  /// Stores a row of person as committed and applied.
  void keep(std::int64_t id, const std::string& name, const std::string& body);
  /// Everything of person with a key below `end` (nothing: all) was copied under this snapshot, and the rest under another one, or not yet.
  void copied_at(core::Lsn lsn, std::optional<std::int64_t> end = {}, std::optional<core::Lsn> rest_lsn = {});

  void insert(const Cells& cells);
  void update(const Cells& cells, std::optional<core::OldRow> old = {});
  void remove(std::int64_t id);
  void truncate();

  /// `name|body` of the row as the batch leaves it; nothing when there is none.
  [[nodiscard]] std::optional<std::string> row(std::int64_t id);

  TempDir directory{"state"};
  mapping::Plan plan;
  std::unique_ptr<state::Store> store;
  std::unique_ptr<state::Overlay> overlay;
  apply::Projections projections;
  std::unique_ptr<apply::Batch> batch;
  std::shared_ptr<const core::Relation> person = relation({"id", "name", "body"});
  core::CommitLsn commit{core::Lsn{1000}};
};

}  // namespace tests
