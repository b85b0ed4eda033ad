#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/property/model.hpp"
#include "tests/support/sql.hpp"

namespace tests {

/// What static joins found may be what they would find now, or what they found once.
enum class StaticJoins : std::uint8_t { AreCurrent, MayBeOld };

/// What the target must hold, computed by its own server from a copy of the source's tables in schema `legacy`, without any of the
/// program's code or state.
class Oracle {
 public:
  /// `session` is a superuser's on the target. Everything is computed anew, in schema `oracle`.
  Oracle(const Model& model, Sql& session);

  /// Differences between the target and what it must hold, one line each; nothing when they are equal to the last bit.
  [[nodiscard]] std::vector<std::string> differences(StaticJoins joins);
  /// How many rows of the route's source table have this status.
  [[nodiscard]] long rows_with(const ModelRoute& route, const std::string& status);

 private:
  void settle_statuses(const ModelRoute& route);
  [[nodiscard]] std::string is_refused(const ModelRoute& route) const;
  [[nodiscard]] std::string lost_its_claim(const ModelRoute& route) const;
  void judge_claims(const ModelRoute& route, std::vector<std::string>& differences);
  void settle_refusals(const ModelRoute& route);
  void compute_rows(const ModelRoute& route);
  void compare(const ModelRoute& route, StaticJoins joins, std::vector<std::string>& differences);

  const Model& model_;
  Sql& session_;
};

}  // namespace tests
