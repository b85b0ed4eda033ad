#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/lookup.hpp"
#include "mapping/derive.hpp"
#include "mapping/plan.hpp"
#include "pg/connection_params.hpp"
#include "pg/prepared_statements.hpp"
#include "pg/session.hpp"

namespace validate {

/// A session on the target, in a read-only transaction that sees the snapshot of the validation. Not thread-safe.
class TargetReader {
 public:
  /// Throws Error(Target): transient where a new connection may help. When the snapshot is gone, its `snapshot` context says so.
  TargetReader(const pg::ConnectionParams& params, std::string_view purpose, const std::string& snapshot);

  using Answer = std::function<void(std::size_t row, const pg::Result& result, std::size_t line)>;
  using Failure = std::function<void(std::size_t row, const core::Error& error)>;
  /// Asks `statement` about rows, and gives the result row of each. Rows for which the target cannot evaluate it (Error(Data)) are found by
  /// halving, and go to `failure`.
  void ask_each(const mapping::Route& route, const mapping::RowStatement& statement,
                std::span<const mapping::Derivation* const> rows, core::Lookup& lookup, const Answer& answer,
                const Failure& failure);

  [[nodiscard]] pg::Session& sql() { return session_; }
  pg::Result exec(std::string_view sql, std::span<const pg::Param> params) {
    return statements_.exec(session_, sql, params);
  }

 private:
  pg::Session session_;
  pg::PreparedStatements statements_;
};

}  // namespace validate
