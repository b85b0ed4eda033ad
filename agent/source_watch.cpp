#include "agent/source_watch.hpp"

#include <spdlog/spdlog.h>

#include <chrono>

#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "core/pause.hpp"
#include "replication/marker.hpp"
#include "replication/publication.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;

// A look is one small query; what goes unseen until the next one has to be read anew.
constexpr std::chrono::seconds kSourceLook{5};
// In looks. Often enough that an idle source's slot follows within a minute, rarely enough to go unnoticed in its log.
constexpr int kHeartbeat = 6;
// In looks. A backup of the source that is older than this tells by its mark that it is one.
constexpr int kMark = 720;

// Of the last look.
constexpr int kMostSourceTries = 10;
constexpr std::chrono::milliseconds kSourcePause{500};

}  // namespace

SourceWatch::SourceWatch(const Environment& environment, const apply::Ledger& ledger, SourceMark mark)
    : environment_(environment), ledger_(ledger), wanted_(wanted_tables(environment.plan)), mark_(std::move(mark)) {}

pg::Session& SourceWatch::source() {
  if (!source_ || source_->is_broken()) source_ = std::make_unique<pg::Session>(environment_.source, "heartbeat");
  return *source_;
}

void SourceWatch::look() {
  const Config::Source& config = environment_.config.source;
  const auto publication = replication::read_publication(source(), config.publication);
  require_same_publication(publication, mark_, config);
  const auto tables = tables_with_gaps(*publication, mark_, wanted_);
  if (tables.empty()) return;
  throw Error(ErrorKind::Refused, "the publication was changed: changes of a table may be missing from the stream")
      .with("publication", config.publication)
      .with("table", tables.begin()->display())
      .with("tables", std::to_string(tables.size()))
      .remedy("start `agent run` again: it puts the publication right and reads these tables anew");
}

void SourceWatch::look_at_the_end(const std::function<void(pg::Session& source)>& look_too) {
  for (int tries = 1;; ++tries) {
    source_.reset();
    try {
      look();
      look_too(source());
      return;
    } catch (const Error& error) {
      if (!error.is_transient() || tries == kMostSourceTries) throw;
      spdlog::warn("looking at the publication once more: {}", error.what());
    }
    static_cast<void>(core::pause(kSourcePause, {}));
  }
}

void SourceWatch::renew_mark() {
  const auto publication = replication::read_publication(source(), environment_.config.source.publication);
  if (!publication) return;
  // Of the publication only the number is taken: a change of it is for look() to find.
  mark_.number = mark_source(source(), *publication, mark_.number).number;
  pg::Session target(environment_.target, "mark");
  ledger_.note_source(target, environment_.source_identity.timeline, encode(mark_));
}

void SourceWatch::run(const std::stop_token& stop, const std::function<void(pg::Session& source)>& look_too) {
  int n = 0;
  do {
    try {
      look();
      if (n % kHeartbeat == 0) {
        FAILPOINT("before_heartbeat");
        static_cast<void>(replication::emit_marker(source(), "heartbeat"));
      }
      if (n > 0 && n % kMark == 0) renew_mark();
      look_too(source());
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Refused) throw;
      // Its failure is not worth more than a line: the stream has the same trouble, and says so.
      source_.reset();
      spdlog::debug("no look at the source: {}", error.what());
    }
    ++n;
  } while (core::pause(kSourceLook, stop));
}

}  // namespace agent
