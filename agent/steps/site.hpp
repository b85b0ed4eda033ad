#pragma once

#include <set>
#include <stop_token>

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
  /// A connection to the target that broke is made anew, with patience for a server that starts again. Throws Error(Target) when that cannot be.
  void renew_target();
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
};

}  // namespace agent::steps
