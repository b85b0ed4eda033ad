#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/relation.hpp"
#include "pg/session.hpp"

namespace cutover {

/// How many rows a table has, and 128 bits over what they hold in some columns: independent of their order, and duplicates do not cancel.
struct TableChecksum {
  std::int64_t rows = 0;
  std::string sum;
  friend bool operator==(const TableChecksum&, const TableChecksum&) = default;
};

/// The columns of the table but for `without`.
[[nodiscard]] std::vector<std::string> other_columns(pg::Session& session, const core::QualifiedName& table,
                                                     const std::vector<std::string>& without);

[[nodiscard]] TableChecksum checksum(pg::Session& session, const core::QualifiedName& table,
                                     const std::vector<std::string>& columns);

}  // namespace cutover
