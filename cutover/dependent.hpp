#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/relation.hpp"
#include "cutover/plan.hpp"
#include "pg/session.hpp"

namespace cutover {

/// Columns of one target table that go.
struct GoingColumns {
  core::QualifiedName table;
  std::vector<std::string> columns;
};

/// Something of the target that cannot stay without the columns that go.
struct Dependent {
  enum class Claim : std::uint8_t {
    Own,     ///< made of nothing but the going columns (their unique index, say): it goes with them
    Part,    ///< of another dependent (an index of a materialized view): it goes with that
    Listed,  ///< it has a life of its own: goes only when the operator lists it
  };
  Claim claim = Claim::Listed;
  std::string kind;                ///< for people: `view`, `index`, `policy`
  std::string name;                ///< for people, and how also_drop lists it: `patient_codes`, `products.own_rows`
  core::QualifiedName table;       ///< of the column that it hangs on
  int depth = 1;                   ///< more than that of whatever it hangs on: the deepest goes first
  std::string drop_sql;            ///< one statement
  std::vector<std::string> again;  ///< the statements that make it as it is now; empty: the agent does not know how
  bool is_rule = false;            ///< rows may break it: a constraint, a unique index
};

/// Everything that hangs on the columns, directly or through something else, the deepest first. Columns that are gone already have none.
/// Throws as Session::exec does.
[[nodiscard]] std::vector<Dependent> find_dependents(pg::Session& session, std::span<const GoingColumns> going);

/// Functions that name one of the columns in their text: what the server does not know of, and nobody can be sure of. `public.f(integer)`.
[[nodiscard]] std::vector<std::string> functions_that_mention(pg::Session& session,
                                                              std::span<const GoingColumns> going);

}  // namespace cutover
