#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "core/ids.hpp"
#include "state/store.hpp"

namespace snapshot {

/// What a worker does with a chunk.
enum class JobKind : std::uint8_t {
  Load,    ///< read a joined table's rows into the local state
  Derive,  ///< derive rows that were loaded
  Copy,    ///< read rows and derive them
};

struct Job {
  JobKind kind = JobKind::Copy;
  state::Chunk chunk;
};

/// Hands chunks to workers in an order in which everything that a row needs is there before it, so that rows that refer to each other are
/// never in the hands of two workers: first all joined tables are loaded; then a table's chunks begin when every table that its references
/// lead to, directly or through others, is finished. A table that refers to itself goes one chunk at a time, and so do tables that refer to
/// each other in a circle, which begin when nothing else can. Where chunks were finished before what they refer to (single tables are repeated),
/// one chunk goes at a time. Thread-safe.
class Schedule {
 public:
  struct Table {
    core::TableId id;
    std::vector<core::TableId> after;  ///< itself included: one chunk at a time
    bool is_joined = false;
    bool has_routes = true;
  };
  Schedule(std::vector<Table> tables, const std::vector<state::Chunk>& chunks);

  /// The next job, waiting for one to become possible; nothing when all is done, or when a worker failed.
  [[nodiscard]] std::optional<Job> next();
  void done(const Job& job);
  /// Whether every row of the table will be derived by a chunk that is not finished yet. Not of tables in circles, whose rows wait for rows
  /// of tables that are finished before them.
  [[nodiscard]] bool comes_later(core::TableId table);
  /// Ends the run: the other workers get no more jobs.
  void fail();

 private:
  struct Progress {
    Table table;
    std::set<core::TableId> leads_to;  // what its references lead to, without its circle
    std::set<core::TableId> circle;    // those that lead back to it; itself if it refers to itself or is one of several
    std::vector<state::Chunk> to_load;
    std::vector<state::Chunk> to_derive;  // Derive or Copy
    int running = 0;
    bool has_finished = false;  // some chunk was, in an earlier run
  };
  void find_circles();
  [[nodiscard]] bool is_out_of_order() const;
  [[nodiscard]] std::optional<Job> take();
  [[nodiscard]] std::optional<Job> take_from(Progress& progress);
  [[nodiscard]] bool is_ready(const Progress& progress) const;
  [[nodiscard]] bool is_complete(core::TableId table) const;

  // Protected by mutex_.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<core::TableId, Progress> tables_;
  int running_ = 0;
  int loading_ = 0;
  bool has_failed_ = false;
  bool is_one_at_a_time_ = false;  // constant after construction
};

}  // namespace snapshot
