#pragma once

#include <boost/test/data/test_case.hpp>
#include <ostream>
#include <string>

#include "tests/support/small_pair.hpp"

namespace meaning {

/// By which way the first rows of a test get to the target. What it changes later always comes by the stream.
enum class Way { Stream, Snapshot };

inline std::ostream& operator<<(std::ostream& out, Way way) {
  return out << (way == Way::Stream ? "stream" : "snapshot");
}

inline const auto kBothWays = boost::unit_test::data::make({Way::Stream, Way::Snapshot});

/// Runs SQL on the source, the first of a test, and brings the outcome to the target by this way.
inline void bring(const tests::SmallPair& pair, Way way, const std::string& sql) {
  if (way == Way::Stream) pair.bring_over();
  pair.source.exec(sql);
  pair.bring_over();
}

}  // namespace meaning
