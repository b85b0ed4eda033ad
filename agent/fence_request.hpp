#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/fence.hpp"
#include "core/lsn.hpp"

namespace agent {

/// The agent's end of the control socket's request "fence": `{"command":"fence","action":"hold|let_go_to|state|release","holder":…,"lsn":…}`.
[[nodiscard]] nlohmann::json answer_fence(Fence& fence, const nlohmann::json& request);

/// The fence of an agent in another process. Every function throws Error(State) when that agent does not answer, or is gone.
class RemoteFence {
 public:
  /// `holder` is the asker's name, different from any other's.
  RemoteFence(std::filesystem::path state_dir, std::string holder)
      : state_dir_(std::move(state_dir)), holder_(std::move(holder)) {}

  [[nodiscard]] bool hold() const;
  [[nodiscard]] bool let_go_to(core::Lsn limit) const;
  [[nodiscard]] Fence::State state() const;
  bool release() const;

 private:
  [[nodiscard]] nlohmann::json ask(const char* action, core::Lsn limit = {}) const;

  std::filesystem::path state_dir_;
  std::string holder_;
};

}  // namespace agent
