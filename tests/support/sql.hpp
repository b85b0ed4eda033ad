#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

struct pg_conn;

namespace tests {

/// A row as the server sent it, in text; nothing for NULL.
using SqlRow = std::vector<std::optional<std::string>>;

/// What the server refused, with its SQLSTATE (empty when the connection itself failed).
class SqlError : public std::runtime_error {
 public:
  SqlError(const std::string& message, std::string sqlstate)
      : std::runtime_error(message), sqlstate_(std::move(sqlstate)) {}
  [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }

 private:
  std::string sqlstate_;
};

/// One connection of the tests. It shares no code with the program on purpose: what judges must not err with what it
/// judges. Every function throws SqlError.
class Sql {
 public:
  explicit Sql(const std::string& url);

  /// Runs one or several statements in the simple protocol; returns the number of rows that the last one touched.
  long exec(const std::string& sql);
  /// The rows of a single statement.
  std::vector<SqlRow> query_rows(const std::string& sql);
  /// The single value of a statement that returns one column and at most one row; nothing for NULL and for no row.
  std::optional<std::string> query_value(const std::string& sql);
  /// Process id of the server's backend, as pg_terminate_backend takes it.
  [[nodiscard]] int backend_pid() const;

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  std::unique_ptr<pg_conn, Close> connection_;
};

}  // namespace tests
