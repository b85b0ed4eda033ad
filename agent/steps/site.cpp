#include "agent/steps/site.hpp"

#include "agent/ledger_query.hpp"
#include "apply/operator_name.hpp"

namespace agent::steps {

namespace {

using core::Error;
using core::ErrorKind;

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
