#include "agent/snapshot_progress.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>

namespace agent {

namespace {

constexpr std::chrono::milliseconds kOnTerminal{200};
constexpr std::chrono::seconds kElsewhere{5};
constexpr int kBarWidth = 24;

}  // namespace

SnapshotProgress::SnapshotProgress(std::string what, bool quiet)
    : what_(std::move(what)), quiet_(quiet), is_terminal_(isatty(STDERR_FILENO) == 1) {}

void SnapshotProgress::begin(std::vector<Table> tables) {
  const std::lock_guard lock{mutex_};
  started_ = shown_ = std::chrono::steady_clock::now();
  tables_ = std::move(tables);
  total_ = done_ = 0;
  current_ = 0;
  for (const Table& table : tables_) {
    total_ += table.total;
    done_ += table.done;
  }
}

void SnapshotProgress::add(std::size_t table, std::int64_t rows) {
  {
    const std::lock_guard lock{mutex_};
    Table& of = tables_[table];
    of.done += rows;
    done_ += rows;
    // What was expected was an estimate, or was counted before more came.
    if (of.done > of.total) {
      total_ += of.done - of.total;
      of.total = of.done;
    }
    current_ = table;
  }
  show();
}

std::optional<double> SnapshotProgress::share() const {
  const std::lock_guard lock{mutex_};
  if (tables_.empty()) return std::nullopt;
  return total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 1;
}

std::string SnapshotProgress::line() const {
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
  const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
  const double share = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 1;
  const auto left = rate > 0 ? static_cast<std::int64_t>(static_cast<double>(total_ - done_) / rate) : 0;
  const Table& table = tables_[current_];
  const std::string counts =
      fmt::format("{:5.1f} %  {} of {} rows  {:.0f} rows/s  {}:{:02} left  {} {} of {}", share * 100, done_, total_,
                  rate, left / 60, left % 60, table.name, table.done, table.total);
  if (!is_terminal_) return what_ + " " + counts;
  const int filled = static_cast<int>(share * kBarWidth);
  return fmt::format("\r\x1b[K[{}{}] {}", std::string(static_cast<std::size_t>(filled), '#'),
                     std::string(static_cast<std::size_t>(kBarWidth - filled), '.'), counts);
}

void SnapshotProgress::show(bool now) {
  if (quiet_) return;
  const std::lock_guard lock{mutex_};
  if (tables_.empty()) return;
  const auto at = std::chrono::steady_clock::now();
  const std::chrono::steady_clock::duration interval =
      is_terminal_ ? std::chrono::steady_clock::duration{kOnTerminal} : kElsewhere;
  if (!now && at - shown_ < interval) return;
  shown_ = at;
  const std::string text = line();
  if (!is_terminal_) {
    spdlog::info("{}", text);
    return;
  }
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void SnapshotProgress::finish() {
  show(true);
  if (!quiet_ && is_terminal_) std::fputc('\n', stderr);
}

}  // namespace agent
