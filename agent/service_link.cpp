#include "agent/service_link.hpp"

#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "agent/notify.hpp"
#include "core/pause.hpp"
#include "core/thread_name.hpp"

namespace agent {

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// How late a service manager learns that the work has begun.
constexpr std::chrono::milliseconds kProgressLook{250};
// How old the line of `systemctl status` may be.
constexpr std::chrono::seconds kLine{5};
// What counts as silence where no watchdog says how often it wants to be fed.
constexpr std::chrono::minutes kProgressPatience{3};
// By how much a start that comes on is prolonged, again and again.
constexpr std::chrono::minutes kStart{5};

/// Half of the watchdog's time: the other half is left for what is a little late.
std::chrono::microseconds patience(const std::optional<std::chrono::microseconds>& interval) {
  return interval ? *interval / 2 : kProgressPatience;
}

}  // namespace

ServiceLink::ServiceLink(const std::stop_token& stop)
    : interval_(notify::watchdog_interval()),
      watchdog_(patience(interval_)),
      on_stop_(stop,
               [] {
                 notify::stopping();
                 notify::status("stopping: the batch in hand is finished or rolled back");
               }),
      thread_([this](const std::stop_token& end) { run(end); }) {}

ServiceLink::~ServiceLink() = default;

ServiceLink::Following ServiceLink::follow(std::function<std::optional<Headline>()> ask) {
  const std::lock_guard lock{mutex_};
  ask_ = std::move(ask);
  return Following{*this};
}

ServiceLink::Following::~Following() {
  const std::lock_guard lock{link_.mutex_};
  link_.ask_ = nullptr;
}

void ServiceLink::failed(const core::Error& error) { notify::status("failed: " + error.message()); }

void ServiceLink::done() {
  const std::lock_guard lock{mutex_};
  be_ready();
  notify::status("done");
}

void ServiceLink::run(const std::stop_token& end) {
  core::name_thread("service");
  const auto look_every = std::min<Clock::duration>(kProgressLook, patience(interval_) / 4);
  do {
    look();
  } while (core::pause(std::chrono::ceil<std::chrono::milliseconds>(look_every), end));
}

void ServiceLink::look() {
  const auto now = Clock::now();
  const std::vector<std::string> silent = watchdog_.silent(core::WatchedThread::all(), now);
  const std::lock_guard lock{mutex_};
  if (silent.empty() && is_silent_) spdlog::info("the work comes on again");
  if (!silent.empty() && !is_silent_) {
    spdlog::error("the work does not come on, and the watchdog is not fed any more threads={} seconds={:.1f}",
                  fmt::join(silent, ","), std::chrono::duration<double>(patience(interval_)).count());
  }
  is_silent_ = !silent.empty();

  const std::optional<Headline> headline = ask_ ? ask_() : std::nullopt;
  if (headline && headline->is_working) be_ready();
  if (now >= next_line_ && headline) {
    notify::status(headline->text);
    next_line_ = now + kLine;
  }
  if (is_silent_ || now < next_feed_) return;
  if (is_ready_ && interval_) {
    if (notify::feed_watchdog()) next_feed_ = now + *interval_ / 4;
  } else if (!is_ready_) {
    notify::extend_start(kStart);
    next_feed_ = now + kStart / 10;
  }
}

void ServiceLink::be_ready() {
  // What was not sent is said again by the next look.
  if (is_ready_ || !notify::ready()) return;
  is_ready_ = true;
  next_feed_ = {};
}

}  // namespace agent
