#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/relation.hpp"
#include "cutover/hook.hpp"
#include "cutover/other_sessions.hpp"
#include "cutover/plan.hpp"
#include "pg/session.hpp"

namespace cutover {

/// A program of the operator's keeps writers away, and another one lets them in again. What it does is its own business; whether it holds is looked at:
/// the database is read-only, or nobody is connected who may write to the published tables.
class HookFence {
 public:
  /// `trial` writes as anybody would and returns what came of it, as an SQLSTATE. `session` outlives this object.
  HookFence(pg::Session& session, const std::vector<core::QualifiedName>& tables, Hook up, Hook down,
            std::function<std::string()> trial);

  /// Empty when both programs are configured.
  [[nodiscard]] std::string obstacle() const;
  [[nodiscard]] Plan plan() const;
  /// Both programs, so that a configuration that was changed meanwhile does not take down another fence than that which is up.
  [[nodiscard]] nlohmann::json remember() const;
  /// Runs the program of `memory`, and waits until nobody is left who may write. Throws what Hook::run throws, and Error(Refused) when somebody is left after
  /// `limit`.
  void put_up(const nlohmann::json& memory, std::chrono::milliseconds limit, const std::stop_token& stop);
  /// Runs the other one.
  void lift(const nlohmann::json& memory, std::chrono::milliseconds limit);
  /// What is wrong; empty: the fence holds.
  [[nodiscard]] std::string breach(const std::string& trial);

 private:
  [[nodiscard]] Hook::Variables variables(const char* action);

  pg::Session& session_;
  OtherSessions others_;
  std::vector<std::string> tables_;  // quoted names
  Hook up_;
  Hook down_;
  std::function<std::string()> trial_;
  std::optional<std::string> up_since_;  // by this object
};

}  // namespace cutover
