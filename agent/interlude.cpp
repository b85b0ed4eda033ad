#include "agent/interlude.hpp"

#include <chrono>
#include <utility>

#include "core/error.hpp"

namespace agent {

namespace {

using core::Error;
using core::ErrorKind;
using nlohmann::json;

constexpr std::chrono::milliseconds kInterludePatience{500};

}  // namespace

std::optional<json> Interlude::answer(const json& question, const Work& work) {
  const auto is_done = [&] { return pending_->done.wait_for(kInterludePatience) == std::future_status::ready; };
  if (pending_ && pending_->question != question) {
    if (!is_done()) return std::nullopt;
    pending_.reset();
  }
  if (!pending_) pending_ = begin(question, work);
  if (!is_done()) return std::nullopt;
  Pending pending = *std::exchange(pending_, std::nullopt);
  try {
    pending.done.get();
  } catch (const std::future_error&) {
    throw Error(ErrorKind::State, "the agent stopped before it came to this").remedy("ask again when it runs");
  }
  return std::move(*pending.answer);
}

Interlude::Pending Interlude::begin(const json& question, const Work& work) const {
  auto answer = std::make_shared<json>();
  auto done = between_batches_([work, answer](apply::Applier& applier) { *answer = work(applier); });
  return {question, std::move(answer), std::move(done)};
}

}  // namespace agent
