#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace cutover {

/// A right to write to a table, or to one column of it, as somebody has granted it. All names are quoted already.
struct WriteGrant {
  std::string table;
  std::string column;     ///< empty: of the table as a whole
  std::string privilege;  ///< INSERT, UPDATE, DELETE, TRUNCATE
  std::string grantee;    ///< PUBLIC, or a role
  std::string grantor;
  bool is_owners = false;     ///< the grantor is the table's owner
  bool is_grantable = false;  ///< WITH GRANT OPTION

  [[nodiscard]] std::string grant_sql() const;
  /// By the table's owner: also takes what the grantee has granted on.
  [[nodiscard]] std::string revoke_sql() const;
};

[[nodiscard]] nlohmann::json to_json(const std::vector<WriteGrant>& grants);
[[nodiscard]] std::vector<WriteGrant> write_grants_of(const nlohmann::json& list);

/// In an order in which they can be granted again: whoever grants has the right to by then.
[[nodiscard]] std::vector<WriteGrant> in_order_of_granting(std::vector<WriteGrant> grants);

}  // namespace cutover
