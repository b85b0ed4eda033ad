#pragma once

#include <stop_token>
#include <thread>

#include "pg/session.hpp"

namespace cutover {

/// While this lives, a stop cancels what the session runs (SQLSTATE 57014), however long that would take. One that was stopped is to be replaced
/// afterwards: the server may answer a cancel late, and end the next statement.
class CanceledByStop {
 public:
  /// `session` outlives it.
  CanceledByStop(pg::Session& session, const std::stop_token& stop);

 private:
  std::jthread thread_;
};

}  // namespace cutover
