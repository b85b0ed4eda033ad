#include "agent/steps/site.hpp"

#include <chrono>

#include "agent/ledger_query.hpp"
#include "apply/operator_name.hpp"
#include "core/backoff.hpp"
#include "core/pause.hpp"

namespace agent::steps {

namespace {

using core::Error;
using core::ErrorKind;

// For a server that starts again.
constexpr std::chrono::seconds kTargetLimit{60};

}  // namespace

Site::Site(const Config& pair, const std::stop_token& stopping)
    : config(pair),
      stop(stopping),
      environment(prepare(pair)),
      source(environment.source, "cutover"),
      target(environment.target, "cutover"),
      journal(environment.target, pair.target.ledger_schema, apply::operator_name()) {}

void Site::take_turn() {
  if (!has_ledger_table(target, config.target.ledger_schema, "migration_control")) {
    throw Error(ErrorKind::Refused, "there is nothing on the target yet: no ledger").remedy("run `agent run` first");
  }
  if (journal.take_turn()) return;
  throw Error(ErrorKind::Refused, "another process is at this cutover")
      .remedy("wait for it, or end it with SIGTERM: before the point of no return it takes everything back then");
}

std::string Site::regain() {
  renew_target();
  if (!journal.take_turn()) return "another process has taken this cutover over";
  auto last = journal.last();
  if (!last || last->id != run.id || !last->is_open()) return "another process has ended this cutover meanwhile";
  run = std::move(*last);
  return {};
}

void Site::renew_target() {
  // It may have broken while nobody asked it anything.
  try {
    target.exec("select 1");
  } catch (const Error&) {
    if (!target.is_broken()) throw;
  }
  core::Backoff backoff{std::chrono::milliseconds{100}, std::chrono::seconds{2}, 1};
  const auto give_up = std::chrono::steady_clock::now() + kTargetLimit;
  // What a stop has canceled may be told to stop once more.
  bool is_worn = stop.stop_requested();
  while (is_worn || target.is_broken()) {
    try {
      target = pg::Session(environment.target, "cutover");
      is_worn = false;
    } catch (const Error& error) {
      if (!error.is_transient() || std::chrono::steady_clock::now() > give_up) throw;
      static_cast<void>(core::pause(backoff.next(), {}));  // whoever asked to stop wants the source given back
    }
  }
}

void Site::require_not_stopped() const {
  if (stop.stop_requested()) throw interrupted();
}

Error Site::interrupted() {
  return Error(ErrorKind::Source, "the cutover was interrupted").transient().remedy("run `agent cutover` again");
}

std::set<core::QualifiedName> Site::target_tables() const {
  std::set<core::QualifiedName> tables;
  for (const mapping::Route& route : environment.plan.routes) tables.insert(route.to);
  return tables;
}

}  // namespace agent::steps
