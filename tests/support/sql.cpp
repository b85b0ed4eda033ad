#include "tests/support/sql.hpp"

#include <libpq-fe.h>

namespace tests {

namespace {

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

Result execute(PGconn* connection, const std::string& sql) {
  Result result(PQexec(connection, sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
    const char* sqlstate = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    constexpr std::size_t kShownBytes = 300;  // statements of generated tests can be megabytes
    throw SqlError(std::string(PQerrorMessage(connection)) + "in: " + sql.substr(0, kShownBytes),
                   sqlstate == nullptr ? "" : sqlstate);
  }
  return result;
}

}  // namespace

void Sql::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

Sql::Sql(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    throw SqlError(PQerrorMessage(connection_.get()), "");
  }
  // Notices of test set-up ("table does not exist, skipping") are noise in a test's output.
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
}

long Sql::exec(const std::string& sql) {
  const Result result = execute(connection_.get(), sql);
  const std::string touched = PQcmdTuples(result.get());
  return touched.empty() ? 0 : std::stol(touched);
}

std::vector<SqlRow> Sql::query_rows(const std::string& sql) {
  const Result result = execute(connection_.get(), sql);
  const int columns = PQnfields(result.get());
  std::vector<SqlRow> rows(static_cast<std::size_t>(PQntuples(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    SqlRow& values = rows[static_cast<std::size_t>(row)];
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result.get(), row, column) != 0) {
        values.emplace_back(std::nullopt);
      } else {
        values.emplace_back(std::string(PQgetvalue(result.get(), row, column),
                                        static_cast<std::size_t>(PQgetlength(result.get(), row, column))));
      }
    }
  }
  return rows;
}

std::optional<std::string> Sql::query_value(const std::string& sql) {
  std::vector<SqlRow> rows = query_rows(sql);
  if (rows.empty()) {
    return std::nullopt;
  }
  if (rows.size() > 1 || rows.front().size() != 1) {
    throw SqlError("expected one value, got " + std::to_string(rows.size()) + " rows of " +
                       std::to_string(rows.front().size()) + " columns in: " + sql,
                   "");
  }
  return std::move(rows.front().front());
}

int Sql::backend_pid() const { return PQbackendPID(connection_.get()); }

}  // namespace tests
