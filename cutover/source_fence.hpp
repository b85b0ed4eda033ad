#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "core/relation.hpp"
#include "cutover/plan.hpp"
#include "pg/session.hpp"

namespace cutover {

/// What the database said of default_transaction_read_only before the fence; to be put back by lifting it.
struct FenceMemory {
  std::optional<std::string> previous;  ///< none: the database had no setting of its own
};

[[nodiscard]] nlohmann::json to_json(const FenceMemory& memory);
[[nodiscard]] FenceMemory fence_memory_of(const nlohmann::json& json);

/// Keeps everybody else from writing to the source's database: transactions are read-only by default from then on, and every session that
/// began before is ended, so that it comes back as a reader. A client that sets the default for itself gets around it; who watches
/// the log finds that.
class SourceFence {
 public:
  /// `session` is one that may write itself (default_transaction_read_only=off); it outlives this object.
  explicit SourceFence(pg::Session& session) : session_(session) {}

  /// Why the role cannot put up the fence, or why it would not hold; empty: it can, and it would.
  [[nodiscard]] std::string obstacle();
  [[nodiscard]] Plan plan();
  [[nodiscard]] FenceMemory remember();
  /// Repeatable. Returns when no session of before is left. Throws Error(Source) after `limit`, naming who is left.
  void put_up(std::chrono::milliseconds limit, const std::stop_token& stop);
  /// Puts back what was there, and ends the sessions that began behind the fence: they would stay readers. Repeatable.
  void lift(const FenceMemory& memory, std::chrono::milliseconds limit);

 private:
  void set_default(const std::optional<std::string>& value);
  /// Ends the sessions of others that began before this call, and waits until they are gone.
  void end_sessions(std::chrono::milliseconds limit, const std::stop_token& stop);

  pg::Session& session_;
};

/// Tries to write as anybody would, in a session with the database's own defaults. Throws Error(Refused) when the table may be written to.
void require_fenced(const pg::ConnectionParams& as_anybody, const core::QualifiedName& table);

/// Who is connected to the source's database besides the agent: role, application, pid, as far as this role may see. For messages.
[[nodiscard]] std::string others_connected(pg::Session& session);

}  // namespace cutover
