#pragma once

#include <string>
#include <thread>

#include "tests/faults/people.hpp"

namespace cutover_tests {

/// The small pair of people and teams before, during and after a switch.
class SwitchedPeople : public faults::People {
 public:
  explicit SwitchedPeople(int rows = 300) : People(rows) {}

  /// The target's people get a column `old`, filled, that the mapping has the cleanup drop. Before anything is brought over.
  void list_a_column_for_cleanup();
  [[nodiscard]] bool has_old_column() const;

  [[nodiscard]] bool takes_writes() const;
  [[nodiscard]] bool has_slot() const;
  [[nodiscard]] bool has_publication() const;
  /// Whether migration_mappings is the view that it is while rows are moved.
  [[nodiscard]] bool has_mappings_view() const;
  /// Checks that the switch is done: the source is closed, nothing of the sync is left on it, the target is equal by SQL that knows nothing of the
  /// agent, and the id map answers.
  void require_switched();
  /// Checks that nothing of a switch is left and that the sync can go on.
  void require_as_before();
};

/// Writes to the source like an application that reconnects when its session ends, until it goes.
class Application {
 public:
  explicit Application(const tests::SmallPair& pair);

 private:
  std::jthread thread_;
};

}  // namespace cutover_tests
