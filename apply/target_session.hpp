#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/row_key.hpp"
#include "core/value.hpp"
#include "mapping/plan.hpp"
#include "mapping/sent_rows.hpp"
#include "pg/prepared_statements.hpp"
#include "pg/session.hpp"

namespace apply {

/// A session on the target with everything that applying needs: replication role where the role may set it, statements prepared on first
/// use, staging tables. Its transaction is driven by the caller.
class TargetSession {
 public:
  /// `purpose` shows in application_name. Throws Error(Target).
  TargetSession(const pg::ConnectionParams& params, std::string_view purpose);

  /// Sends rows to a statement that returns nothing of interest and gives back how many rows it wrote. Small batches go as arrays,
  /// large ones through the staging table.
  std::uint64_t write(const mapping::RowStatement& statement, const mapping::SentRows& rows);
  /// Sends rows by arrays and returns what the statement answers.
  pg::Result ask(const mapping::RowStatement& statement, const mapping::SentRows& rows);
  /// Runs `sql` (prepared on first use) with one text[] parameter per column.
  pg::Result exec_arrays(std::string_view sql, std::span<const std::vector<core::Value>> columns);

  /// The same with keys of one form, the first parameter for their first parts.
  pg::Result exec_keys(std::string_view sql, std::span<const core::RowKey> keys);

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
  pg::Session session_;
  bool is_replica_ = false;
  pg::PreparedStatements statements_;
  std::unordered_set<std::string> stages_;              // exist, and were committed
  std::unordered_set<std::string> uncommitted_stages_;  // created by the open transaction: a rollback takes them along
};

}  // namespace apply
