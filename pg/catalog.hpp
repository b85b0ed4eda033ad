#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/catalog.hpp"
#include "pg/session.hpp"

namespace pg {

/// Reads all ordinary and partitioned tables (and views: kind 'v', without keys) of the given schemas. Partitions are listed with
/// `is_partition`. Type names follow the session's search_path. Throws as Session::exec does.
[[nodiscard]] core::Catalog read_catalog(Session& session, const std::vector<std::string>& schemas);

/// What IDENTIFY_SYSTEM and pg_control_system say: which cluster and database this is.
struct ServerIdentity {
  std::string system_identifier;
  std::uint32_t timeline = 0;
  std::string database;
  friend bool operator==(const ServerIdentity&, const ServerIdentity&) = default;
};

/// The same facts over plain SQL, for sides without a replication connection.
[[nodiscard]] ServerIdentity read_identity(Session& session);

}  // namespace pg
