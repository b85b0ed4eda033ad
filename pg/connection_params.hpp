#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/stop_deadline.hpp"

namespace pg {

/// Which database a connection goes to; decides the ErrorKind of its failures.
enum class Side : std::uint8_t { Source, Target };

[[nodiscard]] constexpr core::ErrorKind error_kind(Side side) {
  return side == Side::Source ? core::ErrorKind::Source : core::ErrorKind::Target;
}

/// Where and how to connect: a libpq URI or keyword string, parsed once. Every libpq parameter works.
class ConnectionParams {
 public:
  /// Throws Error(Config) when libpq cannot parse `url`, or parses it into places that cannot be meant, such as the half of a
  /// password for a host; the message never holds a password.
  static ConnectionParams parse(Side side, std::string_view url);

  [[nodiscard]] Side side() const { return side_; }
  /// What may be shown to people: `postgresql://user@host:port/dbname`, without password and without secrets.
  [[nodiscard]] std::string display() const;
  [[nodiscard]] std::string value(std::string_view keyword) const;  ///< empty when not given
  [[nodiscard]] std::string port() const;                           ///< "5432" when not given
  /// A copy with one more server setting, sent in `options` (walsender) or by SET (session).
  [[nodiscard]] ConnectionParams with_setting(std::string name, std::string value) const;
  /// A copy whose connections do not outlast a stop: once its time is over, whatever waits for the server throws Error(Source) or
  /// Error(Target), transient, and the connection is closed.
  [[nodiscard]] ConnectionParams with_stop(std::shared_ptr<const core::StopDeadline> stop) const;
  [[nodiscard]] bool is_stop_over() const { return stop_ && stop_->is_over(); }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& keywords() const { return keywords_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& settings() const { return settings_; }

 private:
  /// Throws Error(Config) when a host, a port or a database may be part of a password.
  void require_places(std::string_view url) const;

  Side side_ = Side::Source;
  std::vector<std::pair<std::string, std::string>> keywords_;
  std::vector<std::pair<std::string, std::string>> settings_;
  std::shared_ptr<const core::StopDeadline> stop_;  // may be null
};

/// `postgresql://user@host:port/database`; empty parts are left out. For messages.
[[nodiscard]] std::string display_endpoint(std::string_view user, std::string_view host, std::string_view port,
                                           std::string_view database);

}  // namespace pg
