#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <stop_token>
#include <string>

#include "core/relation.hpp"
#include "pg/session.hpp"

namespace cutover {

/// How long a statement waits for a lock, and how often the whole transaction is tried. Between two tries everybody who queued up behind
/// the lock request goes on, so that the new application never stands still for longer than one wait.
struct Patience {
  std::chrono::milliseconds lock_timeout{2000};
  int tries = 30;
};

/// Runs `work` in a transaction of its own with a lock_timeout, and commits. While somebody else's locks are in the way (55P03, 40P01) it is
/// rolled back and tried again after a pause; `work` must be one that may be begun again. Throws Error(Target) that names who holds locks
/// on `tables` when patience ends, and what `work` throws.
void patiently(pg::Session& session, const std::string& what, std::span<const core::QualifiedName> tables,
               const Patience& patience, const std::stop_token& stop, const std::function<void()>& work);

/// Waits, within such a transaction, until nobody else uses the table. Throws as Session::exec does.
void lock_alone(pg::Session& session, const core::QualifiedName& table);

}  // namespace cutover
