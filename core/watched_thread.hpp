#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace core {

/// One thread that is watched, as whoever watches sees it.
struct ThreadPulse {
  std::string name;
  std::uint64_t beats = 0;
  bool is_excused = false;  ///< it waits for other watched threads, or does something of known length
};

/// Marks the calling thread, as long as this lives, as one that the process is of no use without: whether it comes on is watched (agent/watchdog).
/// It shows that by beat(). Also names it.
class WatchedThread {
 public:
  explicit WatchedThread(std::string name);
  ~WatchedThread();
  WatchedThread(const WatchedThread&) = delete;
  WatchedThread& operator=(const WatchedThread&) = delete;

  /// All of them, now. Thread-safe.
  [[nodiscard]] static std::vector<ThreadPulse> all();

  struct Entry;

 private:
  std::shared_ptr<Entry> entry_;
};

/// Something has come on, or begins to wait for something that is known and bounded: a batch tried, an answer come, a look at a queue, a pause
/// before the next try. Does nothing on a thread that is not watched; cheap enough for every message.
void beat() noexcept;

/// Excuses the calling thread from showing that it comes on, as long as this lives.
class Excused {
 public:
  /// It waits for threads that are watched themselves.
  Excused();
  /// It does something that cannot show how it comes on, in no longer than `most`.
  explicit Excused(std::chrono::seconds most);
  ~Excused();
  Excused(const Excused&) = delete;
  Excused& operator=(const Excused&) = delete;
};

}  // namespace core
