#include "agent/stop_signals.hpp"

#include <spdlog/spdlog.h>

#include <csignal>
#include <ctime>

#include "core/thread_name.hpp"

namespace agent {

StopSignals::StopSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  listener_ = std::jthread{[this, signals](const std::stop_token& end) {
    core::name_thread("signals");
    const timespec interval{0, 100'000'000};
    while (!end.stop_requested()) {
      const int signal = sigtimedwait(&signals, nullptr, &interval);
      if (signal < 0 || stop_.stop_requested()) continue;
      spdlog::info("stopping: the batch in hand is finished or rolled back signal={}", signal);
      stop_.request_stop();
    }
  }};
}

StopSignals::~StopSignals() = default;

}  // namespace agent
