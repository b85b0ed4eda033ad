#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "agent/environment.hpp"
#include "agent/pipeline.hpp"
#include "agent/repair_page.hpp"
#include "apply/ledger.hpp"
#include "state/store.hpp"

namespace agent {

/// Repairs pages of findings beside the stream, one at a time, for askers that come back for the outcome:
///
///   → {"command":"repair","actor":…,"findings":[[route, kind, legacy_key, [target key…]], …]}   ← {"page":7}
///   → {"command":"repair_result","page":7}   ← {"is_done":false}, then {"is_done":true, …}, or the error, once
///
/// The applier stands still for the snapshot, a second at most, goes on to exactly its position, and repairs there.
class RepairDesk {
 public:
  /// All must outlive the pipeline's tasks.
  RepairDesk(const Environment& environment, state::Store& store, const apply::Ledger& ledger)
      : environment_(environment), store_(store), ledger_(ledger) {}

  /// Throws Error(State) while another page is in hand. `pipeline` is the one that streams.
  [[nodiscard]] nlohmann::json take(Pipeline& pipeline, const nlohmann::json& request);
  /// Throws the error that ended the page; Error(State) for one that it does not know.
  [[nodiscard]] nlohmann::json result(const nlohmann::json& request);

 private:
  void begin(Pipeline& pipeline, const std::shared_ptr<const RepairPage>& page);
  template <typename Work>
  void finish_with(Work work);

  const Environment& environment_;
  state::Store& store_;
  const apply::Ledger& ledger_;

  std::mutex mutex_;
  // Protected by mutex_.
  std::uint64_t page_ = 0;  // the newest
  bool is_in_hand_ = false;
  std::optional<RepairResult> result_;
  std::exception_ptr failure_;
};

}  // namespace agent
