#include "tests/soak/samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <limits>
#include <sstream>
#include <system_error>

#include "tests/support/sanitizer.hpp"

namespace soak {

namespace {

namespace fs = std::filesystem;

constexpr double kMib = 1024 * 1024;
constexpr double kGrowth = 1.3;
/// Under a sanitizer, which keeps what was freed and more beside it, the memory of a process has no bound of ours.
constexpr double kMostMemory = tests::kIsSanitized ? std::numeric_limits<double>::infinity() : 512;

/// A number of a line `name: 123 kB` of /proc/PID/status; 0 when the process is gone.
double status_number(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) return std::stod(line.substr(name.size() + 1));
  }
  return 0;
}

double count_files(pid_t pid) {
  std::error_code error;
  double count = 0;
  for (fs::directory_iterator entry("/proc/" + std::to_string(pid) + "/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    ++count;
  }
  return count;
}

double size_mib(const fs::path& directory) {
  std::error_code error;
  double bytes = 0;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;  // files of a store come and go while one looks
    const auto size = entry->is_regular_file(gone) ? entry->file_size(gone) : 0;
    if (!gone) bytes += static_cast<double>(size);
  }
  return bytes / kMib;
}

std::uint64_t number(const std::optional<std::string>& text) { return text ? std::stoull(*text) : 0; }

bool is_of_process(const Figure& figure) {
  return figure.value == &Sample::rss_mib || figure.value == &Sample::files || figure.value == &Sample::threads;
}

}  // namespace

const std::vector<Figure>& figures() {
  static const std::vector<Figure> kFigures = {
      {"memory (RSS), MiB", &Sample::rss_mib, kMostMemory, 32, true, false},
      {"open files", &Sample::files, 400, 16, true, false},
      {"threads", &Sample::threads, 64, 4, true, false},
      {"state directory, MiB", &Sample::state_mib, 1024, 32, true, false},
      {"state directory at rest, MiB", &Sample::state_mib, 512, 16, true, true},
      {"log held back on the source, MiB", &Sample::retained_mib, 4096, 64, true, false},
      {"log held back at rest, MiB", &Sample::retained_mib, 64, 16, true, true},
      {"lag, MiB", &Sample::lag_mib, 4096, 64, false, false},
      {"connections to the source", &Sample::source_connections, 20, 4, true, false},
      {"connections to the target", &Sample::target_connections, 20, 4, true, false},
  };
  return kFigures;
}

Spread spread(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  return {values.front(), values[values.size() / 2], values.back()};
}

std::vector<std::vector<double>> thirds(const std::vector<Sample>& samples, const Figure& figure, double duration) {
  std::vector<std::vector<double>> result(3);
  for (const Sample& sample : samples) {
    const double value = sample.*figure.value;
    if (figure.only_at_rest && !sample.is_at_rest) continue;
    // While no agent runs, it has no memory, which says nothing.
    if (is_of_process(figure) && value == 0) continue;
    const auto third = static_cast<std::size_t>(std::clamp(sample.at / duration * 3, 0.0, 2.0));
    result[third].push_back(value);
  }
  return result;
}

std::string why_not_flat(const std::vector<Sample>& samples, const Figure& figure, double duration, bool judges_trend) {
  const auto parts = thirds(samples, figure, duration);
  std::vector<Spread> spreads;
  for (const auto& part : parts) spreads.push_back(spread(part));
  for (const Spread& one : spreads) {
    if (one.most > figure.bound)
      return fmt::format("{}: {:.0f} is above the bound {:.0f}", figure.name, one.most, figure.bound);
  }
  if (!judges_trend || !figure.is_held_flat) return {};
  const auto is_above = [&](double later, double earlier) {
    return later > std::max(earlier * kGrowth, earlier + figure.slack);
  };
  // A store shrinks when it is compacted and grows until then: of a few looks at rest, the highest says more than the median.
  const auto level = [&](const Spread& one) { return figure.only_at_rest ? one.most : one.median; };
  if (is_above(level(spreads[2]), level(spreads[1]))) {
    return fmt::format("{}: the {} grew from {:.0f} in the second third to {:.0f} in the last", figure.name,
                       figure.only_at_rest ? "most" : "median", level(spreads[1]), level(spreads[2]));
  }
  return {};
}

Sampler::Sampler(Observed observed, Findings& findings, std::chrono::milliseconds interval)
    : observed_(std::move(observed)),
      findings_(findings),
      thread_([this, interval](const std::stop_token& stop) { run(interval, stop); }) {}

Sampler::~Sampler() = default;

double Sampler::elapsed() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Sampler::run(std::chrono::milliseconds interval, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any stopped;
  while (!stopped.wait_for(lock, stop, interval, [&] { return stop.stop_requested(); })) {
    if (stop.stop_requested()) return;
    try {
      look(false);
    } catch (const tests::SqlError&) {
      // One of the servers is down at the moment: that is what this is about.
    }
  }
}

void Sampler::sample_at_rest() { look(true); }

void Sampler::look(bool is_at_rest) {
  const std::lock_guard one_at_a_time{looking_};
  Sample sample;
  sample.at = elapsed();
  sample.is_at_rest = is_at_rest;
  // The source first: its slot follows the checkpoint, which may have moved on when it is read.
  const auto slots = observed_.source.query_rows(
      "SELECT slot_name, coalesce(confirmed_flush_lsn - '0/0', 0)::text, pg_wal_lsn_diff(pg_current_wal_lsn(), "
      "restart_lsn)::bigint::text,"
      " (pg_current_wal_lsn() - '0/0')::text,"
      " (SELECT count(*) FROM pg_stat_activity WHERE usename = 'dispatch_sync')::text FROM pg_replication_slots WHERE "
      "NOT temporary");
  const auto target = observed_.target.query_rows(
      "SELECT (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'dispatch-sync/%')::text,"
      " (to_regclass('dispatch_sync.checkpoint') IS NOT NULL)::text");
  sample.target_connections = static_cast<double>(number(target.at(0).at(0)));
  std::uint64_t checkpoint = 0;
  if (target.at(0).at(1) == "true") {
    checkpoint = number(observed_.target.query_value(
        "SELECT (applied_lsn - '0/0')::text FROM dispatch_sync.checkpoint WHERE slot = '" + observed_.slot + "'"));
  }
  if (slots.size() > 1) findings_.add(fmt::format("there are {} replication slots on the source", slots.size()));
  if (checkpoint < checkpoint_) {
    findings_.add(fmt::format("the checkpoint went back: {:X} after {:X}", checkpoint, checkpoint_));
  }
  checkpoint_ = std::max(checkpoint_, checkpoint);
  if (slots.size() == 1) {
    const auto confirmed = number(slots[0].at(1));
    if (checkpoint != 0 && confirmed > checkpoint) {
      findings_.add(fmt::format("the slot is confirmed up to {:X}, beyond the checkpoint {:X}", confirmed, checkpoint));
    }
    sample.retained_mib = static_cast<double>(number(slots[0].at(2))) / kMib;
    const auto current = number(slots[0].at(3));
    sample.lag_mib = current > checkpoint ? static_cast<double>(current - checkpoint) / kMib : 0;
    sample.source_connections = static_cast<double>(number(slots[0].at(4)));
  }
  double peak = 0;
  if (const pid_t pid = observed_.agent_pid(); pid != 0) {
    sample.rss_mib = status_number(pid, "VmRSS") / 1024;
    sample.threads = status_number(pid, "Threads");
    sample.files = count_files(pid);
    peak = status_number(pid, "VmHWM") / 1024;
  }
  sample.state_mib = size_mib(observed_.state_dir);
  const std::lock_guard lock{mutex_};
  ++looks_;
  peak_mib_ = std::max(peak_mib_, peak);
  samples_.push_back(sample);
}

std::vector<Sample> Sampler::samples() const {
  const std::lock_guard lock{mutex_};
  return samples_;
}

double Sampler::peak_mib() const {
  const std::lock_guard lock{mutex_};
  return peak_mib_;
}

long Sampler::looks() const {
  const std::lock_guard lock{mutex_};
  return looks_;
}

}  // namespace soak
