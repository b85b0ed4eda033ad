#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace agent {

/// Shows how far the copy is: a bar that redraws itself on a terminal, a line every few seconds elsewhere. Thread-safe.
class SnapshotProgress {
 public:
  struct Table {
    std::string name;
    std::int64_t total = 0;  ///< rows to read or derive
    std::int64_t done = 0;
  };
  /// `quiet` shows nothing (for --json).
  /// `what` leads each line of a log: the command.
  SnapshotProgress(std::string what, bool quiet);

  /// Starts with these tables, or anew.
  void begin(std::vector<Table> tables);
  void add(std::size_t table, std::int64_t rows);
  /// Shows it if the last time was long enough ago; `now` in any case.
  void show(bool now = false);
  /// From 0 to 1; nothing before it has begun.
  [[nodiscard]] std::optional<double> share() const;
  /// Ends the line that a terminal shows.
  void finish();

 private:
  [[nodiscard]] std::string line() const;

  const std::string what_;
  const bool quiet_;
  const bool is_terminal_;

  mutable std::mutex mutex_;
  // Protected by mutex_.
  std::chrono::steady_clock::time_point started_;
  std::vector<Table> tables_;
  std::int64_t total_ = 0;
  std::int64_t done_ = 0;
  std::size_t current_ = 0;
  std::chrono::steady_clock::time_point shown_;
};

}  // namespace agent
