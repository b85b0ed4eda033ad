#pragma once

#include <string>
#include <vector>

namespace cutover {

/// One statement that a step would run, as --dry-run prints it.
struct PlannedStatement {
  std::string sql;
  std::string
      lock;  ///< what it locks, in words: `ACCESS EXCLUSIVE on public.profiles`; empty: nothing that anybody waits for
  std::string why;  ///< what it is for, as a phrase
};

/// What a step would do, in the order in which it would. Made without changing anything.
using Plan = std::vector<PlannedStatement>;

}  // namespace cutover
