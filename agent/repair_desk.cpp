#include "agent/repair_desk.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.hpp"
#include "pg/exported_snapshot.hpp"
#include "pg/session.hpp"
#include "replication/marker.hpp"

namespace agent {

namespace {

// How long the applier stands still for a snapshot. A slot waits for every transaction that writes: a longer one is waited for while the stream goes on.
constexpr std::chrono::seconds kMostWait{1};

pg::ExportedSnapshot take_snapshot(const Environment& environment) {
  try {
    return pg::ExportedSnapshot::temporary(environment.source, kMostWait, {});
  } catch (const core::Error& error) {
    const std::string blocker{error.context("blocker")};
    if (blocker.empty()) throw;
    throw core::Error(core::ErrorKind::Source,
                      "a transaction that writes holds up the snapshot of the source: " + blocker)
        .remedy("nothing needs to be done: it is tried again when that one has ended")
        .transient();
  }
}

}  // namespace

nlohmann::json RepairDesk::take(Pipeline& pipeline, const nlohmann::json& request) {
  auto page = std::make_shared<const RepairPage>(repair_page_of(request));
  std::uint64_t number = 0;
  {
    const std::lock_guard lock{mutex_};
    if (is_in_hand_) {
      throw core::Error(core::ErrorKind::State, "another repair is under way")
          .remedy("wait until it is done, then repair");
    }
    is_in_hand_ = true;
    result_.reset();
    failure_ = nullptr;
    number = ++page_;
  }
  static_cast<void>(
      pipeline.between_batches([this, &pipeline, page = std::move(page)](apply::Applier&) { begin(pipeline, page); }));
  return {{"page", number}};
}

nlohmann::json RepairDesk::result(const nlohmann::json& request) {
  const std::lock_guard lock{mutex_};
  if (request.value("page", std::uint64_t{0}) != page_ || page_ == 0) {
    throw core::Error(core::ErrorKind::State, "the running agent knows nothing of this repair: it was started anew")
        .remedy("run `agent repair` again");
  }
  if (is_in_hand_) return {{"is_done", false}};
  if (failure_) std::rethrow_exception(failure_);
  nlohmann::json answer = to_json(result_.value());
  answer["is_done"] = true;
  return answer;
}

/// Runs the last step of a page; what it comes to is what the asker gets.
template <typename Work>
void RepairDesk::finish_with(Work work) {
  std::optional<RepairResult> result;
  std::exception_ptr failure;
  try {
    result = work();
  } catch (...) {
    failure = std::current_exception();
  }
  {
    const std::lock_guard lock{mutex_};
    if (result || failure) is_in_hand_ = false;
    result_ = result;
    failure_ = failure;
  }
  // The pipeline takes back what was begun.
  if (failure) std::rethrow_exception(failure);
}

/// Between two batches: the snapshot cannot be behind what is applied.
void RepairDesk::begin(Pipeline& pipeline, const std::shared_ptr<const RepairPage>& page) {
  finish_with([&]() -> std::optional<RepairResult> {
    auto snapshot = std::make_shared<const pg::ExportedSnapshot>(take_snapshot(environment_));
    // A quiet source passes the position by this.
    pg::Session source(environment_.source, "marker");
    static_cast<void>(replication::emit_marker(source, "repair"));
    const core::Lsn position = snapshot->consistent_point();
    static_cast<void>(
        pipeline.at(position, [this, page, snapshot = std::move(snapshot)](apply::Applier& applier) mutable {
          // Given back at once: it keeps the source from cleaning up after itself.
          const auto held = std::move(snapshot);
          finish_with([&] { return std::optional{repair(environment_, store_, ledger_, applier, *held, *page)}; });
        }));
    return std::nullopt;
  });
}

}  // namespace agent
