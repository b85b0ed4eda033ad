#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/relation.hpp"
#include "cutover/fence_method.hpp"
#include "cutover/hook_fence.hpp"
#include "cutover/plan.hpp"
#include "cutover/read_only_fence.hpp"
#include "cutover/revoke_fence.hpp"
#include "pg/session.hpp"

namespace cutover {

/// What the fence goes by.
struct FenceSettings {
  std::optional<FenceMethod> method;  ///< none: the strongest that is possible
  std::vector<std::string> fence_command;
  std::vector<std::string> lift_command;
  std::chrono::milliseconds limit{};        ///< for each wait, and for each command
  std::vector<core::QualifiedName> tables;  ///< that are published; not empty
  pg::ConnectionParams as_anybody;          ///< how anybody would connect: with the database's own settings
};

/// A way to fence, and why it is not possible; empty: it is.
struct FenceOption {
  FenceMethod method;
  std::string obstacle;
};

/// Keeps everybody else from writing to the source's database, by the method that was asked for, or by the strongest that the agent's role may use. Which one it
/// was is part of what is remembered, and that decides how the fence is kept and taken down, whatever was asked for since.
class SourceFence {
 public:
  /// `session` is one that may write itself (default_transaction_read_only=off); it outlives this object.
  SourceFence(pg::Session& session, FenceSettings settings);
  SourceFence(const SourceFence&) = delete;
  SourceFence& operator=(const SourceFence&) = delete;

  /// The methods that may be used, the strongest first.
  [[nodiscard]] std::vector<FenceOption> options();
  /// Why there can be no fence, or why it would not hold; empty: there can be one.
  [[nodiscard]] std::string obstacle();
  /// What would be done. Of the method that would be used or, when none can, of the first that might.
  [[nodiscard]] Plan plan();
  /// Chooses the method. Its name, and what must be known to take the fence down. Throws Error(Refused) when there can be none.
  [[nodiscard]] nlohmann::json remember();
  /// Repeatable. Returns when nobody is left who could write by what he began before, and a trial write has failed. Throws Error(Source) or
  /// Error(Refused), naming who is left.
  void put_up(const nlohmann::json& memory, const std::stop_token& stop);
  /// Puts back what was there. Repeatable.
  void lift(const nlohmann::json& memory);
  /// Throws Error(Refused) when somebody may write.
  void require_closed(const nlohmann::json& memory);
  /// Nothing that was written in spite of the fence waits for its COMMIT when this returns. Throws Error(Refused), naming whose it is, when it does not end
  /// within the limit.
  void await_open_writes(const std::stop_token& stop);

 private:
  [[nodiscard]] std::string obstacle_of(FenceMethod method);
  /// Writers that no method keeps away.
  [[nodiscard]] std::string common_obstacle();
  [[nodiscard]] std::optional<FenceMethod> choose();
  /// Writes as anybody would, in a new session. The SQLSTATE of the refusal; empty: there was none.
  [[nodiscard]] std::string trial() const;

  pg::Session& session_;
  FenceSettings settings_;
  ReadOnlyFence read_only_;
  RevokeFence revoke_;
  HookFence hook_;
};

/// Who is connected to the source's database besides the agent: role, application, pid, as far as this role may see. For messages.
[[nodiscard]] std::string others_connected(pg::Session& session);

}  // namespace cutover
