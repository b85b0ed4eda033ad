#include "snapshot/schedule.hpp"

#include <algorithm>

#include "core/watched_thread.hpp"

namespace snapshot {

Schedule::Schedule(std::vector<Table> tables, const std::vector<state::Chunk>& chunks) {
  for (Table& table : tables) {
    const core::TableId id = table.id;
    tables_[id].table = std::move(table);
  }
  for (const state::Chunk& chunk : chunks) {
    const auto found = tables_.find(chunk.table);
    if (found == tables_.end()) continue;
    Progress& progress = found->second;
    if (chunk.is_finished) {
      progress.has_finished = progress.has_finished || progress.table.has_routes;
      continue;
    }
    if (progress.table.is_joined && !chunk.is_loaded) progress.to_load.push_back(chunk);
    if (progress.table.has_routes) progress.to_derive.push_back(chunk);
  }
  // Taken from the back.
  for (auto& [id, progress] : tables_) {
    std::reverse(progress.to_load.begin(), progress.to_load.end());
    std::reverse(progress.to_derive.begin(), progress.to_derive.end());
  }
  find_circles();
  is_one_at_a_time_ = is_out_of_order();
}

bool Schedule::is_complete(core::TableId table) const {
  const auto found = tables_.find(table);
  return found == tables_.end() || (found->second.to_derive.empty() && found->second.running == 0);
}

void Schedule::find_circles() {
  std::map<core::TableId, std::set<core::TableId>> reaches;
  for (const auto& [id, progress] : tables_) {
    std::vector<core::TableId> open{id};
    while (!open.empty()) {
      const core::TableId next = open.back();
      open.pop_back();
      const auto found = tables_.find(next);
      if (found == tables_.end()) continue;
      for (const core::TableId parent : found->second.table.after) {
        if (reaches[id].insert(parent).second) open.push_back(parent);
      }
    }
  }
  for (auto& [id, progress] : tables_) {
    for (const core::TableId other : reaches[id]) {
      (reaches[other].contains(id) ? progress.circle : progress.leads_to).insert(other);
    }
  }
}

/// Chunks that are done again may change rows of finished ones, which no two workers may do at once.
bool Schedule::is_out_of_order() const {
  const auto has_begun = [](const auto& entry) { return entry.second.has_finished; };
  return std::any_of(tables_.begin(), tables_.end(), [&](const auto& entry) {
    const auto& [id, progress] = entry;
    if (!progress.to_load.empty()) return std::any_of(tables_.begin(), tables_.end(), has_begun);
    return progress.has_finished && std::any_of(progress.leads_to.begin(), progress.leads_to.end(),
                                                [&](core::TableId parent) { return !is_complete(parent); });
  });
}

bool Schedule::is_ready(const Progress& progress) const {
  return std::all_of(progress.leads_to.begin(), progress.leads_to.end(),
                     [&](core::TableId parent) { return is_complete(parent); }) &&
         std::none_of(progress.circle.begin(), progress.circle.end(),
                      [&](core::TableId other) { return tables_.at(other).running > 0; });
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
    if (progress.to_derive.empty() || !is_ready(progress)) continue;
    // The largest ready table first, so that no worker is left with it alone at the end.
    Progress*& best = progress.circle.size() > 1 ? in_circle : largest;
    if (best == nullptr || progress.to_derive.size() > best->to_derive.size()) best = &progress;
  }
  if (largest != nullptr) return take_from(*largest);
  if (in_circle != nullptr) return take_from(*in_circle);
  return std::nullopt;
}

std::optional<Job> Schedule::next() {
  std::unique_lock lock{mutex_};
  for (;;) {
    if (has_failed_) return std::nullopt;
    if (!is_one_at_a_time_ || running_ == 0) {
      if (auto job = take()) return job;
    }
    const bool is_all_taken = std::all_of(tables_.begin(), tables_.end(), [](const auto& entry) {
      return entry.second.to_load.empty() && entry.second.to_derive.empty();
    });
    if (is_all_taken) return std::nullopt;
    // Whoever it waits for is watched as well.
    core::beat();
    changed_.wait_for(lock, std::chrono::seconds{1});
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
  if (found == tables_.end() || found->second.circle.size() > 1) return false;
  return !is_complete(table);
}

void Schedule::fail() {
  const std::lock_guard lock{mutex_};
  has_failed_ = true;
  changed_.notify_all();
}

}  // namespace snapshot
