#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "pg/session.hpp"

namespace cutover {

/// Everybody else who is connected to the source's database, as far as the agent's role may see.
class OtherSessions {
 public:
  /// `session` outlives this object.
  explicit OtherSessions(pg::Session& session) : session_(session) {}

  /// Roles whose sessions this role may not end, or not see; empty: none.
  [[nodiscard]] std::string beyond_reach();
  /// The source's clock.
  [[nodiscard]] std::string now();
  enum class Whom : std::uint8_t {
    Everybody,
    WithinReach,  ///< whom this role may see and end
  };
  /// Ends the sessions that began before `moment` (of now()), and waits until they are gone. Throws Error(Source) after `limit`, naming who is
  /// left.
  void end_those_before(const std::string& moment, Whom whom, std::chrono::milliseconds limit,
                        const std::stop_token& stop);
  /// Waits until the transactions that are open now have ended, and ends the sessions that hold them where this role may. Throws Error(Source)
  /// after `limit`, naming who is left.
  void end_transactions(std::chrono::milliseconds limit, const std::stop_token& stop);
  /// Waits until nobody has a transaction open that has written to one of `tables` (quoted names) or their partitions, by the locks that this leaves. Throws
  /// Error(Refused) after `limit`, naming who has.
  void await_writes(const std::vector<std::string>& tables, std::chrono::milliseconds limit,
                    const std::stop_token& stop);
  /// Sessions of roles that may write to one of `tables` (quoted names), and that began before `moment`; without one, all of them.
  [[nodiscard]] std::vector<std::string> writers(const std::vector<std::string>& tables,
                                                 const std::optional<std::string>& moment);
  /// Some of them, for messages: role, application, pid.
  [[nodiscard]] std::string names();

 private:
  pg::Session& session_;
};

}  // namespace cutover
