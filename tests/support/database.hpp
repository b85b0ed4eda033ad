#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/sql.hpp"

namespace tests {

/// One database of a test server as one user sees it: a value, without a connection of its own. Every call connects
/// anew, so it goes on working after the server was restarted; where hundreds of statements follow each other, hold a
/// session().
class Database {
 public:
  /// `client_dir` is where psql is.
  Database(std::string url, std::filesystem::path client_dir)
      : url_(std::move(url)), client_dir_(std::move(client_dir)) {}

  [[nodiscard]] const std::string& url() const { return url_; }
  [[nodiscard]] Sql session() const { return Sql(url_); }

  /// As in Sql; all throw SqlError.
  long exec(const std::string& sql) const { return session().exec(sql); }
  [[nodiscard]] std::vector<SqlRow> query_rows(const std::string& sql) const { return session().query_rows(sql); }
  [[nodiscard]] std::optional<std::string> query_value(const std::string& sql) const {
    return session().query_value(sql);
  }

  /// Runs a file through psql, stopping at its first error (std::runtime_error with psql's message); `variables` are
  /// psql's.
  void load_file(const std::filesystem::path& file,
                 const std::vector<std::pair<std::string, std::string>>& variables = {}) const;

 private:
  std::string url_;
  std::filesystem::path client_dir_;
};

}  // namespace tests
