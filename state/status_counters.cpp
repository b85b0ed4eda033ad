#include "state/status_counters.hpp"

#include <rocksdb/merge_operator.h>
#include <rocksdb/write_batch.h>

#include "state/database.hpp"
#include "state/keys.hpp"
#include "state/record.hpp"
#include "state/rocks_status.hpp"

namespace state {

namespace {

constexpr std::size_t kValueBytes = 5 * 8;

std::string encode(const core::RouteCounters& counters) {
  std::string bytes;
  for (const std::int64_t count :
       {counters.read, counters.applied, counters.filtered, counters.parked, counters.quarantined}) {
    append_u64(bytes, static_cast<std::uint64_t>(count));
  }
  return bytes;
}

core::RouteCounters decode_counters(std::string_view bytes) {
  RecordCursor cursor{bytes};
  core::RouteCounters counters;
  for (std::int64_t* count :
       {&counters.read, &counters.applied, &counters.filtered, &counters.parked, &counters.quarantined}) {
    *count = static_cast<std::int64_t>(cursor.u64());
  }
  cursor.expect_end();
  return counters;
}

class CounterAddition final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* existing, const rocksdb::Slice& added, std::string* sum,
             rocksdb::Logger*) const override {
    if (added.size() != kValueBytes || (existing != nullptr && existing->size() != kValueBytes)) return false;
    const core::RouteCounters a = existing == nullptr ? core::RouteCounters{} : decode_counters(view(*existing));
    const core::RouteCounters b = decode_counters(view(added));
    *sum = encode({.read = a.read + b.read,
                   .applied = a.applied + b.applied,
                   .filtered = a.filtered + b.filtered,
                   .parked = a.parked + b.parked,
                   .quarantined = a.quarantined + b.quarantined});
    return true;
  }
  [[nodiscard]] const char* Name() const override { return "dispatch_sync.counters.1"; }
};

}  // namespace

void count_status(core::RouteCounters& counters, core::RowStatus status, std::int64_t by) {
  switch (status) {
    case core::RowStatus::None: return;
    case core::RowStatus::Applied: counters.applied += by; break;
    case core::RowStatus::Filtered: counters.filtered += by; break;
    case core::RowStatus::Parked: counters.parked += by; break;
    case core::RowStatus::Quarantined: counters.quarantined += by; break;
  }
  counters.read += by;
}

std::shared_ptr<rocksdb::MergeOperator> make_counter_addition() { return std::make_shared<CounterAddition>(); }

StatusCounters::StatusCounters(const Database& database, std::size_t route_count) : routes_(route_count) {
  std::vector<core::RouteCounters> stored(route_count);
  for (std::size_t route = 0; route < route_count; ++route) {
    const auto value = database.get(Family::Meta, counter_key(core::RouteId{static_cast<std::uint16_t>(route)}));
    if (value) stored[route] = decode_counters(*value);
  }
  add(stored);
}

void StatusCounters::put(const Database& database, rocksdb::WriteBatch& batch,
                         std::span<const core::RouteCounters> changes) {
  for (std::size_t route = 0; route < changes.size(); ++route) {
    if (changes[route] == core::RouteCounters{}) continue;
    const std::string key = counter_key(core::RouteId{static_cast<std::uint16_t>(route)});
    check(batch.Merge(database.handle(Family::Meta), key, encode(changes[route])), "count statuses");
  }
}

void StatusCounters::add(std::span<const core::RouteCounters> changes) {
  for (std::size_t route = 0; route < changes.size(); ++route) {
    const core::RouteCounters& change = changes[route];
    if (change == core::RouteCounters{}) continue;
    routes_[route].read += change.read;
    routes_[route].applied += change.applied;
    routes_[route].filtered += change.filtered;
    routes_[route].parked += change.parked;
    routes_[route].quarantined += change.quarantined;
  }
}

std::vector<core::RouteCounters> StatusCounters::read() const {
  std::vector<core::RouteCounters> counters;
  counters.reserve(routes_.size());
  for (const Atomics& route : routes_) {
    counters.push_back({.read = route.read,
                        .applied = route.applied,
                        .filtered = route.filtered,
                        .parked = route.parked,
                        .quarantined = route.quarantined});
  }
  return counters;
}

}  // namespace state
