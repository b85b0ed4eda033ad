#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "core/row_status.hpp"

namespace state {

class Store;

/// The counters and the statuses of all rows as they are together at one moment, to be counted at leisure: what is written later does not show.
/// The moment must be one between two batches: what an overlay spills ahead of its commit is among the rows, and not in the counters.
class Census {
 public:
  /// Cheap. `store` must outlive this.
  explicit Census(const Store& store);
  ~Census();
  Census(const Census&) = delete;
  Census& operator=(const Census&) = delete;

  /// What the counters said, by RouteId.
  [[nodiscard]] const std::vector<core::RouteCounters>& recorded() const;
  /// Counts the statuses; reads every row. Nothing sensible when stopped. Once, by any thread. Throws Error(State).
  [[nodiscard]] std::vector<core::RouteCounters> count(const std::stop_token& stop = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace state
