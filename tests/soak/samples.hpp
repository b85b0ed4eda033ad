#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/soak/findings.hpp"
#include "tests/support/database.hpp"

namespace soak {

/// One look at everything that must not grow.
struct Sample {
  double at = 0;  ///< seconds since the start
  bool is_at_rest = false;
  double rss_mib = 0;
  double files = 0;  ///< open file descriptors
  double threads = 0;
  double state_mib = 0;     ///< the state directory
  double retained_mib = 0;  ///< log that the slot holds back on the source
  double lag_mib = 0;       ///< log that the source has written and the checkpoint has not passed
  double source_connections = 0;
  double target_connections = 0;
};

/// What is judged of a figure.
struct Figure {
  std::string name;
  double Sample::*value;
  double bound;       ///< never more than this
  double slack;       ///< a third may be this much above the one before, however small that is
  bool is_held_flat;  ///< the trend is judged too
  bool only_at_rest;  ///< only what is seen when all is applied counts
};

[[nodiscard]] const std::vector<Figure>& figures();

/// Minimum, median and maximum of the values; zeros when there are none.
struct Spread {
  double least = 0;
  double median = 0;
  double most = 0;
};
[[nodiscard]] Spread spread(std::vector<double> values);

/// The figure's values in each third of the time from 0 to `duration` seconds.
[[nodiscard]] std::vector<std::vector<double>> thirds(const std::vector<Sample>& samples, const Figure& figure,
                                                      double duration);

/// Empty when the figure stays flat: never above its bound, and the median of the last third of the time not above 1.3 times that of
/// the second (or the figure's slack above it). Else why not. The trend is judged if `judges_trend`: a short run is all start.
[[nodiscard]] std::string why_not_flat(const std::vector<Sample>& samples, const Figure& figure, double duration,
                                       bool judges_trend);

/// What the sampler looks at.
struct Observed {
  tests::Database source;  ///< as superuser
  tests::Database target;
  std::string slot;
  std::filesystem::path state_dir;
  std::function<pid_t()> agent_pid;  ///< 0 when none runs
};

/// Takes samples in a thread of its own, and watches what must hold at any moment: the slot is never acknowledged beyond the checkpoint,
/// the checkpoint never goes back, and there is one slot.
class Sampler {
 public:
  Sampler(Observed observed, Findings& findings, std::chrono::milliseconds interval);
  ~Sampler();
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  /// Takes one now, which counts as taken at rest. Throws tests::SqlError.
  void sample_at_rest();
  [[nodiscard]] std::vector<Sample> samples() const;
  /// The most memory that any agent ever had.
  [[nodiscard]] double peak_mib() const;
  [[nodiscard]] double elapsed() const;
  /// Looks that were taken of slot and checkpoint.
  [[nodiscard]] long looks() const;

 private:
  void run(std::chrono::milliseconds interval, const std::stop_token& stop);
  void look(bool is_at_rest);

  Observed observed_;
  Findings& findings_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::mutex looking_;            // one look at a time
  std::uint64_t checkpoint_ = 0;  // the furthest seen; protected by looking_
  mutable std::mutex mutex_;      // protects all below
  std::vector<Sample> samples_;
  double peak_mib_ = 0;
  long looks_ = 0;
  std::jthread thread_;
};

}  // namespace soak
