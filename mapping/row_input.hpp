#pragma once

#include <string>
#include <vector>

#include "mapping/plan.hpp"

namespace mapping {

/// One column that a statement is sent per row.
struct InputColumn {
  std::string name;      ///< in `"in$"`; ends in '$', which no user's expression contains by accident
  std::string sql_type;  ///< quoted
};

/// What a statement of a route takes per row, and the SQL that gives those values the names that expressions use.
class RowInput {
 public:
  RowInput(const Plan& plan, const Route& route, const RowStatement& rows);

  /// `id`, inputs, refs, flags: in the order in which they are sent.
  [[nodiscard]] const std::vector<InputColumn>& columns() const { return columns_; }

  /// `(SELECT … FROM ROWS FROM (unnest($1), …))`: one text[] parameter per column. With `with_order`, also a column
  /// "ord$" that counts the rows from 1.
  [[nodiscard]] std::string from_arrays(bool with_order) const;
  /// `(SELECT NULL::type AS …)`: no rows are needed to describe a statement.
  [[nodiscard]] std::string from_nulls() const;
  /// One `CROSS JOIN LATERAL (SELECT …) AS "alias"` per join that is read.
  [[nodiscard]] std::string joined_rows() const;
  /// `(SELECT …) AS "row$"`: the columns of the row itself under their own names.
  [[nodiscard]] std::string row() const;
  /// Name of the flag that says whether the ref missed its parent.
  [[nodiscard]] static std::string flag_name(std::size_t ref);

 private:
  const Plan& plan_;
  const Route& route_;
  const RowStatement& rows_;
  std::vector<InputColumn> columns_;
};

}  // namespace mapping
