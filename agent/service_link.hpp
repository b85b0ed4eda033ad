#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "agent/watchdog.hpp"
#include "core/error.hpp"

namespace agent {

/// What a run is doing, in a line.
struct Headline {
  std::string text;
  bool is_working = false;  ///< copying or streaming: what the service is there for
};

/// Keeps the service manager informed while a run lasts, on a thread of its own: ready once it works, its headline, the watchdog fed for as long as
/// every watched thread comes on, a start that comes on given more time, and a stop said as soon as it is asked for.
/// Without a service manager it still says in the log when a thread has stopped coming on.
class ServiceLink {
 public:
  explicit ServiceLink(const std::stop_token& stop);
  ~ServiceLink();
  ServiceLink(const ServiceLink&) = delete;
  ServiceLink& operator=(const ServiceLink&) = delete;

  /// Ends following when it goes.
  class Following {
   public:
    explicit Following(ServiceLink& link) : link_(link) {}
    ~Following();
    Following(const Following&) = delete;
    Following& operator=(const Following&) = delete;

   private:
    ServiceLink& link_;
  };
  /// From now on the headline is what `ask` says, on the link's thread; nothing: it stays as it was. Must not block.
  [[nodiscard]] Following follow(std::function<std::optional<Headline>()> ask);

  /// What `systemctl status` shows of a run that has ended.
  void failed(const core::Error& error);
  /// The run ended well. A service that had nothing to do was ready, too: otherwise its manager would take the end for a failed start.
  void done();

 private:
  void run(const std::stop_token& end);
  void look();
  void be_ready();

  const std::optional<std::chrono::microseconds> interval_;
  Watchdog watchdog_;  // the thread's

  std::mutex mutex_;
  // Protected by mutex_.
  std::function<std::optional<Headline>()> ask_;
  bool is_ready_ = false;
  bool is_silent_ = false;
  std::chrono::steady_clock::time_point next_feed_;
  std::chrono::steady_clock::time_point next_line_;

  std::stop_callback<std::function<void()>> on_stop_;
  std::jthread thread_;  // last: joined before what it uses goes
};

}  // namespace agent
