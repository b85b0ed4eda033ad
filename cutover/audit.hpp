#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "pg/session.hpp"

namespace cutover {

/// Adds a line to audit_log of the ledger: who did what, and what came of it. In the session's open transaction, so that the line is there
/// exactly when what it tells of is. `phase`: how far, or with what (`begin`, a table, a step). `detail`: numbers and names; never row
/// values, never passwords. Throws what exec throws.
void audit(pg::Session& target, const std::string& ledger_schema, std::string_view actor, std::string_view command,
           std::string_view phase, const nlohmann::json& detail);

}  // namespace cutover
