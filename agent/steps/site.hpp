#pragma once

#include <set>
#include <stop_token>
#include <string>

#include "agent/environment.hpp"
#include "core/error.hpp"
#include "core/relation.hpp"
#include "cutover/journal.hpp"
#include "pg/session.hpp"

namespace agent::steps {

/// Where a cutover works, and what is written down of it: what its steps share.
struct Site {
  /// Connects to both ends. Throws what prepare() throws. `pair` outlives it.
  Site(const Config& pair, const std::stop_token& stopping);

  /// No two processes work at one cutover. Throws Error(Refused) when another one does, or when there is no ledger yet.
  void take_turn();
  /// Before anything is taken back: what broke of the connections to the target is made anew, with patience for a server that starts again, and `run`
  /// becomes what the ledger says of it. Returns why it is not this process's to take back: another one has gone on with it; empty: it is. Throws
  /// Error(Target) when that cannot be known.
  [[nodiscard]] std::string regain();
  /// Throws interrupted() once a stop was asked for.
  void require_not_stopped() const;
  [[nodiscard]] static core::Error interrupted();
  /// Those that routes write.
  [[nodiscard]] std::set<core::QualifiedName> target_tables() const;

  const Config& config;
  std::stop_token stop;
  Environment environment;
  pg::Session source;  ///< may write, whatever the database's default is
  pg::Session target;
  cutover::Journal journal;
  cutover::Run run;                ///< the cutover that is under way
  bool validates_changed = false;  ///< only what was written to since the last validation of everything

 private:
  void renew_target();
};

}  // namespace agent::steps
