#pragma once

#include <functional>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "apply/applier.hpp"

namespace agent {

/// Work that somebody asks for over the control socket and that is done between two batches of the stream. It may have to wait for its turn,
/// or for a target that is away: nobody else waits for an answer meanwhile, since its own answer is fetched by asking again.
/// What goes on to a position of the stream before it ends has a desk of its own (agent/repair_desk): the asker of this one would have to be
/// answered in the middle.
/// One piece of work at a time; that of somebody who does not come back is done and forgotten. For one thread.
class Interlude {
 public:
  using Work = std::function<nlohmann::json(apply::Applier&)>;
  /// Runs a task between two batches. Throws Error(State) when there is no stream.
  using BetweenBatches = std::function<std::future<void>(std::function<void(apply::Applier&)>)>;

  explicit Interlude(BetweenBatches between_batches) : between_batches_(std::move(between_batches)) {}

  /// What `work` made of `question`; nothing when it is not done within half a second: ask the same again. Throws what `work` throws, and
  /// Error(State) when the agent stops before it came to it.
  [[nodiscard]] std::optional<nlohmann::json> answer(const nlohmann::json& question, const Work& work);

 private:
  struct Pending {
    nlohmann::json question;
    std::shared_ptr<nlohmann::json> answer;
    std::future<void> done;
  };
  [[nodiscard]] Pending begin(const nlohmann::json& question, const Work& work) const;

  const BetweenBatches between_batches_;
  std::optional<Pending> pending_;
};

}  // namespace agent
