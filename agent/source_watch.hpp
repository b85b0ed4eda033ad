#pragma once

#include <functional>
#include <memory>
#include <set>
#include <stop_token>

#include "agent/environment.hpp"
#include "agent/source_mark.hpp"
#include "apply/ledger.hpp"
#include "pg/session.hpp"

namespace agent {

/// Looks after the source from beside the stream. The stream itself does not say when a table, or from PostgreSQL 18 on the whole
/// publication, is no longer published; nor does it move when the source is quiet.
class SourceWatch {
 public:
  /// The references outlive it.
  SourceWatch(const Environment& environment, const apply::Ledger& ledger, SourceMark mark);

  /// Until `stop` is requested: looks every few seconds, and lets `look_too` look; sends a heartbeat every 30 s, renews the mark every hour.
  /// Throws Error(Refused) as look() does; whatever else fails is tried again.
  void run(const std::stop_token& stop, const std::function<void(pg::Session& source)>& look_too);
  /// Throws Error(Refused) when changes may be missing from the stream, or when the source was set back.
  void look();
  /// The same at the end of a run, on a connection of its own, and `look_too` looks; a lost connection is tried again for a few seconds.
  void look_at_the_end(const std::function<void(pg::Session& source)>& look_too);

 private:
  void renew_mark();
  [[nodiscard]] pg::Session& source();

  const Environment& environment_;
  const apply::Ledger& ledger_;
  const std::set<core::QualifiedName> wanted_;
  SourceMark mark_;
  std::unique_ptr<pg::Session> source_;
};

}  // namespace agent
