#include "core/watched_thread.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "core/thread_name.hpp"

namespace core {

using Clock = std::chrono::steady_clock;

struct WatchedThread::Entry {
  explicit Entry(std::string called) : name(std::move(called)) {}

  const std::string name;
  std::atomic<std::uint64_t> beats = 0;
  std::atomic<Clock::rep> excused_until = 0;  // since the clock's epoch
};

namespace {

struct Registry {
  std::mutex mutex;
  std::vector<std::shared_ptr<WatchedThread::Entry>> entries;  // protected by mutex
};

Registry& registry() {
  static Registry one;
  return one;
}

// Not owned: the WatchedThread of this thread is, and it goes before the thread does.
thread_local WatchedThread::Entry* this_thread = nullptr;

}  // namespace

WatchedThread::WatchedThread(std::string name) : entry_(std::make_shared<Entry>(name)) {
  name_thread(std::move(name));
  this_thread = entry_.get();
  const std::lock_guard lock{registry().mutex};
  registry().entries.push_back(entry_);
}

WatchedThread::~WatchedThread() {
  this_thread = nullptr;
  const std::lock_guard lock{registry().mutex};
  std::erase(registry().entries, entry_);
}

std::vector<ThreadPulse> WatchedThread::all() {
  const Clock::rep now = Clock::now().time_since_epoch().count();
  const std::lock_guard lock{registry().mutex};
  std::vector<ThreadPulse> pulses;
  for (const auto& entry : registry().entries) {
    pulses.push_back({entry->name, entry->beats, now < entry->excused_until});
  }
  return pulses;
}

void beat() noexcept {
  if (this_thread != nullptr) this_thread->beats.fetch_add(1, std::memory_order_relaxed);
}

Excused::Excused() {
  if (this_thread != nullptr) this_thread->excused_until = Clock::time_point::max().time_since_epoch().count();
}

Excused::Excused(std::chrono::seconds most) {
  if (this_thread != nullptr) this_thread->excused_until = (Clock::now() + most).time_since_epoch().count();
}

Excused::~Excused() {
  if (this_thread == nullptr) return;
  this_thread->excused_until = 0;
  beat();
}

}  // namespace core
