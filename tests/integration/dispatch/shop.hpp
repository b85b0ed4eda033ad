#pragma once

#include <ostream>
#include <string>

#include "tests/support/small_pair.hpp"

namespace meaning {

/// By which way the first rows of a test get to the target. What it changes later always comes by the stream.
enum class Way { Stream, Snapshot };
std::ostream& operator<<(std::ostream& out, Way way);

/// A small pair with one little group of tables for each thing that a mapping can say.
class Shop {
 public:
  explicit Shop(Way way);

  tests::SmallPair pair;

  /// Runs SQL on the source and brings the outcome to the target, the first time by the way that the shop was made with.
  void given(const std::string& sql);
  /// The same, by the stream.
  void then(const std::string& sql) const;
  /// Runs SQL on the source and `agent sync --until-current`, whatever that comes to.
  [[nodiscard]] tests::CommandResult attempt(const std::string& sql) const;

 private:
  Way way_;
};

}  // namespace meaning
