#include "cutover/revoke_fence.hpp"

#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "core/array_literal.hpp"
#include "cutover/definition.hpp"
#include "cutover/revoke_fence_sql.hpp"
#include "pg/quoting.hpp"
#include "pg/server_version.hpp"

namespace cutover {

namespace {

using nlohmann::json;

constexpr std::string_view kNotPermitted = "42501";

std::string array_of_names(const std::vector<core::QualifiedName>& tables) {
  std::vector<std::string> names;
  for (const core::QualifiedName& table : tables) names.push_back(pg::quote_name(table));
  return core::text_array(names);
}

/// What is to be granted back, but not what hangs on a table or a role that is gone.
std::vector<WriteGrant> still_there(pg::Session& session, std::vector<WriteGrant> grants) {
  std::erase_if(grants, [&](const WriteGrant& grant) {
    const std::string& role = grant.grantee == "PUBLIC" ? grant.grantor : grant.grantee;
    const bool is_there =
        session
            .exec(
                "select pg_catalog.to_regclass($1) is not null and pg_catalog.to_regrole($2) is "
                "not null and pg_catalog.to_regrole($3) is not null",
                {std::string_view{grant.table}, std::string_view{role}, std::string_view{grant.grantor}})
            .is_true(0, 0);
    if (!is_there) {
      spdlog::warn("a right cannot be given back, its table or role is gone: {} (granted by {})", grant.grant_sql(),
                   grant.grantor);
    }
    return !is_there;
  });
  return grants;
}

}  // namespace

RevokeFence::RevokeFence(pg::Session& session, const std::vector<core::QualifiedName>& tables)
    : session_(session), others_(session), tables_(array_of_names(tables)) {}

pg::Result RevokeFence::ask(std::string_view sql) {
  return session_.exec(std::string{revoke_fence_sql::kTables}.append(sql), {std::string_view{tables_}});
}

std::string RevokeFence::obstacle() {
  const pg::ServerVersion version{session_.server_version()};
  const std::string_view acting = version.has_set_option() ? "SET" : "MEMBER";
  const pg::Result found = session_.exec(std::string{revoke_fence_sql::kTables}.append(revoke_fence_sql::kObstacles),
                                         {std::string_view{tables_}, acting});
  if (const std::string tables = found.text(0, 0); !tables.empty()) {
    return "the agent's role does not own " + tables + ": GRANT the owner's role to it";
  }
  if (const std::string grants = found.text(0, 1); !grants.empty()) {
    return "rights that others have granted could not be given back as theirs (" + grants +
           "): GRANT these roles to the agent's role, or let the owner grant these rights";
  }
  if (const std::string roles = found.text(0, 2); !roles.empty()) {
    return "members of pg_write_all_data may write whatever rights are revoked: REVOKE pg_write_all_data FROM " + roles;
  }
  return {};
}

std::vector<WriteGrant> RevokeFence::grants() {
  const pg::Result rows = ask(revoke_fence_sql::kGrants);
  std::vector<WriteGrant> found;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    found.push_back({.table = rows.text(row, 0),
                     .column = rows.text(row, 1),
                     .privilege = rows.text(row, 2),
                     .grantee = rows.text(row, 3),
                     .grantor = rows.text(row, 4),
                     .is_owners = rows.is_true(row, 5),
                     .is_grantable = rows.is_true(row, 6)});
  }
  return found;
}

Plan RevokeFence::plan() {
  Plan plan;
  for (const WriteGrant& grant : grants()) {
    if (grant.is_owners) plan.push_back({grant.revoke_sql(), "", "nobody has the right to write any more"});
  }
  plan.push_back(
      {"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE …every session of others with an open transaction",
       "", "what has begun before comes to its end; what may not be ended is waited for"});
  if (const std::string roles = not_bound(); !roles.empty()) {
    plan.push_back({"-- " + roles, "", "not bound by it, and only watched"});
  }
  return plan;
}

json RevokeFence::remember() { return {{"grants", to_json(grants())}}; }

void RevokeFence::put_up(const json& memory, std::chrono::milliseconds limit, const std::stop_token& stop) {
  {
    pg::TransactionBlock block(session_);
    for (const WriteGrant& grant : write_grants_of(memory.at("grants"))) {
      // What was granted on goes with the right of who granted it.
      if (grant.is_owners) session_.exec(grant.revoke_sql());
    }
    block.commit();
  }
  if (const std::string roles = not_bound(); !roles.empty()) {
    spdlog::warn("the fence does not bind {}: what they write is watched for", roles);
  }
  // Rights are looked at when a statement begins: only transactions that are open now can still write.
  others_.end_transactions(limit, stop);
}

void RevokeFence::lift(const json& memory) {
  pg::TransactionBlock block(session_);
  for (const WriteGrant& grant :
       still_there(session_, in_order_of_granting(write_grants_of(memory.value("grants", json::array()))))) {
    if (!grant.is_owners) session_.exec("SET LOCAL ROLE " + grant.grantor);
    session_.exec(grant.grant_sql());
    if (!grant.is_owners) session_.exec("RESET ROLE");
  }
  block.commit();
}

std::string RevokeFence::breach(const std::string& trial) {
  if (const std::string roles = ask(revoke_fence_sql::kStillAllowed).text(0, 0); !roles.empty()) {
    return "the right to write was not taken from everybody, or was granted again: " + roles;
  }
  const bool is_superuser = session_.exec(revoke_fence_sql::kIsSuperuser).is_true(0, 0);
  if (!is_superuser && trial != kNotPermitted) return "a new session of the agent's own role may write to the source";
  return {};
}

std::string RevokeFence::not_bound() { return ask(revoke_fence_sql::kNotBound).text(0, 0); }

}  // namespace cutover
