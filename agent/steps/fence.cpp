#include "agent/steps/fence.hpp"

#include <chrono>

#include "core/error.hpp"
#include "pg/connection_params.hpp"

namespace agent::steps {

namespace {

using core::Error;
using core::ErrorKind;
using nlohmann::json;

constexpr std::chrono::seconds kFenceLimit{30};

}  // namespace

json Fence::run() {
  fence_.put_up(kFenceLimit, site_.stop);
  require_closed();
  // Nobody writes any more, so that its slot waits for nobody, and whatever it sees was written in spite of the fence.
  witness_.emplace(site_.environment.source, site_.config.source.slot, site_.config.source.publication);
  return json::object();
}

bool Fence::take_back() {
  witness_.reset();
  if (site_.source.is_broken()) site_.source = pg::Session(site_.environment.source, "cutover");
  fence_.lift(cutover::fence_memory_of(site_.run.detail(step())), kFenceLimit);
  return true;
}

void Fence::require_closed() {
  const auto as_anybody = pg::ConnectionParams::parse(pg::Side::Source, site_.config.source.url);
  cutover::require_fenced(as_anybody, site_.environment.plan.tables.front().name);
}

void Fence::require_unbroken() {
  require_closed();
  if (!witness_) return;
  const auto change = witness_->first_change();
  if (!change) return;
  throw Error(ErrorKind::Refused, "somebody writes to the source in spite of the fence")
      .with("table", change->table)
      .with("lsn", change->lsn.to_string())
      .with("connected", cutover::others_connected(site_.source))
      .remedy("stop that writer, which sets default_transaction_read_only for itself, then run `agent cutover` again");
}

}  // namespace agent::steps
