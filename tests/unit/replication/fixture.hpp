#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "replication/decoder.hpp"

namespace fixture {

/// One message of a fixture, and how it stands in the stream.
struct Payload {
  std::string bytes;
  replication::Framing framing;
};

/// The bytes that `hex` spells; blanks are allowed. Throws std::runtime_error on anything else.
[[nodiscard]] std::string from_hex(std::string_view hex);

/// The messages of tests/fixtures/pgoutput/`name`.hex, in order. Throws std::runtime_error when there are none.
[[nodiscard]] std::vector<Payload> load(const std::string& name);

/// The names of all fixtures, sorted.
[[nodiscard]] std::vector<std::string> names();

}  // namespace fixture
