#pragma once

#include <string>
#include <vector>

#include "core/catalog.hpp"
#include "pg/session.hpp"

namespace pg {

/// Reads all ordinary and partitioned tables (and views: kind 'v', without keys) of the given schemas. Partitions are listed with `is_partition`.
[[nodiscard]] core::Catalog read_catalog(Session& session, const std::vector<std::string>& schemas);

/// What IDENTIFY_SYSTEM and pg_control_system say: which cluster and database this is.
struct ServerIdentity {
  std::string system_identifier;
  std::uint32_t timeline = 0;
  std::string database;
  friend bool operator==(const ServerIdentity&, const ServerIdentity&) = default;
};

}  // namespace pg
