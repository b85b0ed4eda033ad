#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/value.hpp"
#include "mapping/plan.hpp"
#include "pg/session.hpp"

namespace apply {

/// A value that a statement is sent, owned where it had to be composed (array literals, UUIDs).
struct SentValue {
  core::Value value;
  std::string owned;  ///< when not empty, `value` is ignored
  [[nodiscard]] core::Value get() const { return owned.empty() ? value : core::Value::of(owned); }
};

/// Rows as a RowStatement takes them: `width` values each, row after row.
struct SentRows {
  std::size_t width = 0;
  std::vector<SentValue> values;
  [[nodiscard]] std::size_t rows() const { return width == 0 ? 0 : values.size() / width; }
};

/// A session on the target with everything that applying needs: replication role where the role may set it, statements prepared on first
/// use, staging tables. Its transaction is driven by the caller.
class TargetSession {
 public:
  /// `purpose` shows in application_name. Throws Error(Target).
  TargetSession(const pg::ConnectionParams& params, std::string_view purpose);

  /// Sends rows to a statement that returns nothing of interest and gives back how many rows it wrote. Small batches go as arrays,
  /// large ones through the staging table.
  std::uint64_t write(const mapping::RowStatement& statement, const SentRows& rows);
  /// Sends rows by arrays and returns what the statement answers.
  pg::Result ask(const mapping::RowStatement& statement, const SentRows& rows);
  /// Runs `sql` (prepared on first use) with one text[] parameter per column.
  pg::Result exec_arrays(std::string_view sql, std::span<const std::vector<core::Value>> columns);

  /// Throws Error(InDoubt) when the connection is lost here.
  void commit();
  /// Rolls back what is open. A connection that is lost here is no error: the server rolls back by itself, and the next statement
  /// tells.
  void rollback();
  void savepoint();  ///< one level, reused
  void release_savepoint();
  void rollback_to_savepoint();

  [[nodiscard]] pg::Session& sql() { return session_; }
  /// Whether foreign keys and ordinary triggers rest while this session writes.
  [[nodiscard]] bool is_replica() const { return is_replica_; }

 private:
  std::string prepared(std::string_view sql);

  pg::Session session_;
  bool is_replica_ = false;
  std::unordered_map<std::string, std::string> statements_;  // SQL → name
  std::unordered_set<std::string> stages_;                   // exist, and were committed
  std::unordered_set<std::string> uncommitted_stages_;  // created by the open transaction: a rollback takes them along
};

/// `{"a","b",NULL}`: the text[] literal of these values.
[[nodiscard]] std::string array_literal(std::span<const core::Value> values);

}  // namespace apply
