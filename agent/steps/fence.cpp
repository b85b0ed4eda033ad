#include "agent/steps/fence.hpp"

#include "agent/fence_settings.hpp"
#include "core/error.hpp"

namespace agent::steps {

namespace {

using core::Error;
using core::ErrorKind;
using nlohmann::json;

}  // namespace

Fence::Fence(Site& site) : site_(site), fence_(site.source, fence_settings(site.environment)) {}

json Fence::run() {
  fence_.put_up(memory(), site_.stop);
  // Nobody writes any more, so that its slot waits for nobody, and whatever it sees was written in spite of the fence.
  witness_.emplace(site_.environment.source, site_.config.source.slot, site_.config.source.publication,
                   site_.config.cutover.fence_timeout);
  return json::object();
}

bool Fence::take_back() {
  witness_.reset();
  if (site_.source.is_broken()) site_.source = pg::Session(site_.environment.source, "cutover");
  fence_.lift(memory());
  return true;
}

void Fence::require_unbroken() {
  fence_.require_closed(memory());
  // The witness sees what is committed: what is not yet, it could miss.
  fence_.await_open_writes(site_.stop);
  if (!witness_) return;
  const auto change = witness_->first_change();
  if (!change) return;
  throw Error(ErrorKind::Refused, "somebody writes to the source in spite of the fence")
      .with("table", change->table)
      .with("lsn", change->lsn.to_string())
      .with("connected", cutover::others_connected(site_.source))
      .remedy(
          "stop that writer, which no fence keeps away (it sets default_transaction_read_only for itself, or is a "
          "superuser, or owns the table), then run `agent cutover` again");
}

}  // namespace agent::steps
