#include "core/pause.hpp"

#include <condition_variable>
#include <mutex>

#include "core/watched_thread.hpp"

namespace core {

bool pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  beat();
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any never;
  static_cast<void>(never.wait_for(lock, stop, time, [] { return false; }));
  beat();
  return !stop.stop_requested();
}

}  // namespace core
