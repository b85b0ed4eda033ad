#include "cutover/audit.hpp"

#include "core/relation.hpp"
#include "pg/quoting.hpp"

namespace cutover {

void audit(pg::Session& target, const std::string& ledger_schema, std::string_view actor, std::string_view command,
           std::string_view phase, const nlohmann::json& detail) {
  // What a server says may be in another encoding.
  const std::string text = detail.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  target.exec("insert into " + pg::quote_name(core::QualifiedName{ledger_schema, "audit_log"}) +
                  " (actor, command, phase, detail) values ($1, $2, $3, $4::pg_catalog.jsonb)",
              {actor, command, phase, std::string_view{text}});
}

}  // namespace cutover
