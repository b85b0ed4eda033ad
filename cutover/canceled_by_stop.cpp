#include "cutover/canceled_by_stop.hpp"

#include <chrono>
#include <functional>

#include "core/pause.hpp"

namespace cutover {

namespace {

// Between two statements nothing is canceled: the next one is, with the next try.
constexpr std::chrono::milliseconds kTryAgain{200};

}  // namespace

CanceledByStop::CanceledByStop(pg::Session& session, const std::stop_token& stop)
    : thread_([&session, stop](const std::stop_token& over) {
        std::stop_source either;
        const auto wake = [&either] { either.request_stop(); };
        const std::stop_callback<std::function<void()>> at_stop{stop, wake};
        const std::stop_callback<std::function<void()>> at_end{over, wake};
        while (core::pause(std::chrono::hours{1}, either.get_token())) {
        }
        while (!over.stop_requested()) {
          session.cancel();
          static_cast<void>(core::pause(kTryAgain, over));
        }
      }) {}

}  // namespace cutover
