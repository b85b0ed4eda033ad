#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/sql_token.hpp"

namespace mapping {

/// `name` or `qualifier.name` somewhere in an expression.
struct NameUse {
  std::string qualifier;  ///< empty for a bare name
  std::string name;
  std::size_t offset = 0;
  bool is_certain = true;  ///< a bare name that may also be a keyword or a type (`date '2020-01-01'`) is not
};

/// A call of a function: `name(…)` or `schema.name(…)`.
struct FunctionUse {
  std::string schema;
  std::string name;
  std::size_t offset = 0;
};

/// `ref('entity', column, …)`, from `begin` to `end` (byte offsets).
struct RefCall {
  std::string entity;
  std::vector<NameUse> key;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What an expression is when it is nothing but one thing (parentheses around it aside).
enum class ExpressionShape : std::uint8_t { General, Literal, Name, Ref };

/// An SQL expression of the mapping, taken apart as far as the mapping must know it. It is not parsed as SQL: that is
/// PostgreSQL's part, which `agent check` asks. What is found here over-approximates the columns that it reads.
struct Expression {
  std::string text;
  ExpressionShape shape = ExpressionShape::General;
  std::vector<NameUse> names;  ///< everything that may be a column, refs' keys aside
  std::vector<FunctionUse> functions;
  std::vector<RefCall> refs;
  std::vector<Token> tokens;
  std::vector<SqlProblem> problems;
  bool has_query = false;  ///< contains a sub-select, which may bring names of its own

  /// The text with each ref replaced by what `replacement` says of its position in `refs`.
  template <typename Replacement>
  [[nodiscard]] std::string with_refs(const Replacement& replacement) const {
    std::string sql;
    std::size_t done = 0;
    for (std::size_t i = 0; i < refs.size(); ++i) {
      sql += text.substr(done, refs[i].begin - done);
      sql += replacement(i);
      done = refs[i].end;
    }
    return sql + text.substr(done);
  }
};

[[nodiscard]] Expression parse_expression(std::string_view text);

}  // namespace mapping
