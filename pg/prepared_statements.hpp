#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/value.hpp"
#include "pg/session.hpp"

namespace pg {

/// The statements that one session has prepared: each on first use, under a name of its own. Belongs to that session alone, and goes with it.
class PreparedStatements {
 public:
  Result exec(Session& session, std::string_view sql, std::span<const Param> params);
  /// With one text[] parameter per column.
  Result exec_arrays(Session& session, std::string_view sql, std::span<const std::vector<core::Value>> columns);

 private:
  std::unordered_map<std::string, std::string> names_;  // by their SQL
};

}  // namespace pg
