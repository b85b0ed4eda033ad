#pragma once

#include <string>

#include "tests/integration/dispatch/way.hpp"
#include "tests/support/small_pair.hpp"

namespace meaning {

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
