#include "validate/trial.hpp"

#include "core/error.hpp"
#include "mapping/derive.hpp"
#include "mapping/sent_rows.hpp"

namespace validate {

Trial::Trial(const pg::ConnectionParams& params) : session_(params, "validate-trial") {
  try {
    // As the applier writes, where its role may.
    session_.exec("SET session_replication_role = replica");
  } catch (const core::Error&) {
    if (session_.is_broken()) throw;
  }
  session_.exec("SET lock_timeout = '200ms'");
  session_.exec("SET plan_cache_mode = force_custom_plan");
  session_.exec("BEGIN");
}

Trial::~Trial() {
  try {
    if (!session_.is_broken()) session_.exec("ROLLBACK");
  } catch (const core::Error&) {
    // The server rolls back by itself when the connection ends.
  }
}

std::vector<core::RowKey> Trial::passing(const mapping::Plan& plan, const mapping::Route& route,
                                         std::span<const core::RowKey> keys, state::Overlay& overlay) {
  std::vector<core::RowKey> passing;
  for (const core::RowKey& key : keys) {
    auto image = overlay.image(route.from, key);
    if (!image) continue;
    const mapping::Derivation row = mapping::derive(plan, route, key, std::move(*image), overlay);
    const mapping::Derivation* one = &row;
    const auto sent = mapping::sent_rows(route, route.write, std::span{&one, 1}, overlay);
    session_.exec("SAVEPOINT trial");
    try {
      statements_.exec_arrays(session_, route.write.by_arrays, sent.columns());
      // A constraint that waits for the end of a transaction says so now.
      session_.exec("SET CONSTRAINTS ALL IMMEDIATE");
      passing.push_back(key);
    } catch (const core::Error& error) {
      if (session_.is_broken()) throw;
    }
    session_.exec("ROLLBACK TO SAVEPOINT trial");
  }
  return passing;
}

}  // namespace validate
