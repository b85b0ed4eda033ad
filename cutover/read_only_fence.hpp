#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "cutover/other_sessions.hpp"
#include "cutover/plan.hpp"
#include "pg/session.hpp"

namespace cutover {

/// Transactions of the source's database are read-only by default, and every session that began before is ended, so that it comes back as a reader. A
/// client that sets the default for itself gets around it; who watches the log finds that.
class ReadOnlyFence {
 public:
  explicit ReadOnlyFence(pg::Session& session) : session_(session), others_(session) {}

  /// Why the role cannot put it up, or why it would not hold; empty: it can, and it would.
  [[nodiscard]] std::string obstacle();
  [[nodiscard]] Plan plan();
  /// The database's own setting of before.
  [[nodiscard]] nlohmann::json remember();
  /// Repeatable. Throws Error(Source) when sessions of before are left after `limit`.
  void put_up(std::chrono::milliseconds limit, const std::stop_token& stop);
  /// Puts back what was there, and ends the sessions that began behind the fence: they would stay readers. Repeatable.
  void lift(const nlohmann::json& memory, std::chrono::milliseconds limit);
  /// Ends sessions of before that came to be seen only after the fence was put up. `trial` is what a trial write came to, as an SQLSTATE. Returns what is
  /// wrong; empty: the fence holds.
  [[nodiscard]] std::string breach(const std::string& trial, std::chrono::milliseconds limit);

 private:
  void set_default(const std::optional<std::string>& value);

  pg::Session& session_;
  OtherSessions others_;
  std::optional<std::string> up_since_;  // by this object
};

}  // namespace cutover
