#include "snapshot/schedule.hpp"

#include <algorithm>

namespace snapshot {

Schedule::Schedule(std::vector<Table> tables, const std::vector<state::Chunk>& chunks) {
  for (Table& table : tables) {
    const core::TableId id = table.id;
    tables_[id].table = std::move(table);
  }
  for (const state::Chunk& chunk : chunks) {
    const auto found = tables_.find(chunk.table);
    if (found == tables_.end() || chunk.is_finished) continue;
    Progress& progress = found->second;
    if (progress.table.is_joined && !chunk.is_loaded) progress.to_load.push_back(chunk);
    if (progress.table.has_routes) progress.to_derive.push_back(chunk);
  }
  // Taken from the back.
  for (auto& [id, progress] : tables_) {
    std::reverse(progress.to_load.begin(), progress.to_load.end());
    std::reverse(progress.to_derive.begin(), progress.to_derive.end());
  }
}

bool Schedule::is_complete(core::TableId table) const {
  const auto found = tables_.find(table);
  return found == tables_.end() || (found->second.to_derive.empty() && found->second.running == 0);
}

/// Whether rows of this table and of another wait for each other: what a chunk of one derives again may be rows of the other.
bool Schedule::is_circular(core::TableId table) const {
  const auto& after = tables_.at(table).table.after;
  return std::any_of(after.begin(), after.end(), [&](core::TableId other) {
    const auto found = tables_.find(other);
    if (other == table || found == tables_.end()) return false;
    const auto& back = found->second.table.after;
    return std::find(back.begin(), back.end(), table) != back.end();
  });
}

bool Schedule::is_any_circular_running() const {
  return std::any_of(tables_.begin(), tables_.end(),
                     [&](const auto& entry) { return entry.second.running > 0 && is_circular(entry.first); });
}

std::optional<Job> Schedule::take_from(Progress& progress) {
  Job job{progress.table.is_joined ? JobKind::Derive : JobKind::Copy, progress.to_derive.back()};
  progress.to_derive.pop_back();
  ++progress.running;
  ++running_;
  return job;
}

std::optional<Job> Schedule::take() {
  bool is_loading = loading_ > 0;
  for (auto& [id, progress] : tables_) {
    if (progress.to_load.empty()) continue;
    Job job{JobKind::Load, progress.to_load.back()};
    progress.to_load.pop_back();
    ++loading_;
    ++running_;
    return job;
  }
  if (is_loading) return std::nullopt;
  Progress* largest = nullptr;
  Progress* in_circle = nullptr;
  for (auto& [id, progress] : tables_) {
    if (progress.to_derive.empty()) continue;
    if (in_circle == nullptr) in_circle = &progress;
    const auto& after = progress.table.after;
    const bool is_serial = std::find(after.begin(), after.end(), id) != after.end();
    if (is_serial && progress.running > 0) continue;
    if (is_circular(id) && is_any_circular_running()) continue;
    const core::TableId own = id;
    const bool is_ready = std::all_of(after.begin(), after.end(),
                                      [&](core::TableId other) { return other == own || is_complete(other); });
    // The largest ready table first, so that no worker is left with it alone at the end.
    if (is_ready && (largest == nullptr || progress.to_derive.size() > largest->to_derive.size())) largest = &progress;
  }
  if (largest != nullptr) return take_from(*largest);
  if (in_circle != nullptr && running_ == 0) return take_from(*in_circle);
  return std::nullopt;
}

std::optional<Job> Schedule::next() {
  std::unique_lock lock{mutex_};
  for (;;) {
    if (has_failed_) return std::nullopt;
    if (auto job = take()) return job;
    const bool is_all_taken = std::all_of(tables_.begin(), tables_.end(), [](const auto& entry) {
      return entry.second.to_load.empty() && entry.second.to_derive.empty();
    });
    if (is_all_taken) return std::nullopt;
    changed_.wait(lock);
  }
}

void Schedule::done(const Job& job) {
  const std::lock_guard lock{mutex_};
  --running_;
  if (job.kind == JobKind::Load) {
    --loading_;
    // The derive job was planned from the chunk as it was; it goes on with what is known now.
    for (state::Chunk& chunk : tables_[job.chunk.table].to_derive) {
      if (chunk.number == job.chunk.number) chunk = job.chunk;
    }
  } else {
    --tables_[job.chunk.table].running;
  }
  changed_.notify_all();
}

bool Schedule::comes_later(core::TableId table) {
  const std::lock_guard lock{mutex_};
  const auto found = tables_.find(table);
  if (found == tables_.end() || is_circular(table)) return false;
  return !is_complete(table);
}

void Schedule::fail() {
  const std::lock_guard lock{mutex_};
  has_failed_ = true;
  changed_.notify_all();
}

}  // namespace snapshot
