#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "pg/session.hpp"

namespace agent {

/// How many rows the tables of both databases had at the moment of a validation, and what tells later whether any of the source's was
/// written since.
struct Census {
  /// Every transaction of the source below this id (with its epoch, as txid_current() counts) had ended, so that the moment's snapshot sees all that it wrote.
  std::uint64_t source_xmin = 0;
  std::map<std::string, std::int64_t> source_rows;  ///< by source table
  std::map<std::string, std::int64_t> target_rows;  ///< by target table
};

[[nodiscard]] nlohmann::json to_json(const Census& census);
/// An empty census where `detail` is none.
[[nodiscard]] Census census_of(const nlohmann::json& detail);

/// What Census::source_xmin is of the snapshot that `source` works under.
[[nodiscard]] std::uint64_t oldest_unseen_transaction(pg::Session& source);

}  // namespace agent
