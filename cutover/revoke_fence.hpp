#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "core/relation.hpp"
#include "cutover/other_sessions.hpp"
#include "cutover/plan.hpp"
#include "cutover/write_grant.hpp"
#include "pg/session.hpp"

namespace cutover {

/// The rights to write to the published tables (and what is below them) are taken from everybody, PUBLIC and the owners included, and transactions that were
/// open then come to their end. Superusers are not bound by rights, and owners may grant them to themselves again; who watches the log finds that.
class RevokeFence {
 public:
  /// `session` outlives this object.
  RevokeFence(pg::Session& session, const std::vector<core::QualifiedName>& tables);

  /// Why the role cannot put it up, or not take it down as exactly; empty: it can.
  [[nodiscard]] std::string obstacle();
  [[nodiscard]] Plan plan();
  /// Every right to write that there is.
  [[nodiscard]] nlohmann::json remember();
  /// Takes what `memory` has, in one transaction. Repeatable. Throws Error(Source) when transactions of before are left after `limit`.
  void put_up(const nlohmann::json& memory, std::chrono::milliseconds limit, const std::stop_token& stop);
  /// Grants what `memory` has, as those who had granted it, in one transaction. Repeatable.
  void lift(const nlohmann::json& memory);
  /// `trial` is what a trial write came to, as an SQLSTATE. Returns what is wrong; empty: nobody has the right to write.
  [[nodiscard]] std::string breach(const std::string& trial);
  /// Roles that are not bound: superusers, and those that could give themselves the rights again. For people.
  [[nodiscard]] std::string not_bound();

 private:
  [[nodiscard]] std::vector<WriteGrant> grants();
  /// The statement that asks about the tables, with their names as its first parameter.
  [[nodiscard]] pg::Result ask(std::string_view sql);

  pg::Session& session_;
  OtherSessions others_;
  std::string tables_;  // array literal of quoted names
};

}  // namespace cutover
