#pragma once

#include <cstdint>
#include <string>

namespace state {

/// Whose state this is. Stored under the first key; compared at every open, so that a directory is never used for another pair.
struct Identity {
  std::string source_system_identifier;
  std::string source_database;
  std::string target_system_identifier;
  std::string target_database;
  std::string slot;
  std::string publication;
  friend bool operator==(const Identity&, const Identity&) = default;
};

}  // namespace state
