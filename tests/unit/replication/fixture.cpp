#include "tests/unit/replication/fixture.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace fixture {

namespace {

const std::filesystem::path kFolder = FIXTURE_DIR;

}  // namespace

std::string from_hex(std::string_view hex) {
  std::string bytes;
  int high = -1;
  for (const char c : hex) {
    if (c == ' ') continue;
    const std::size_t digit = std::string_view{"0123456789abcdef"}.find(c);
    if (digit == std::string_view::npos) throw std::runtime_error("a fixture holds something else than hex");
    if (high < 0) {
      high = static_cast<int>(digit);
    } else {
      bytes += static_cast<char>(high * 16 + static_cast<int>(digit));
      high = -1;
    }
  }
  if (high >= 0) throw std::runtime_error("a line of a fixture has an odd number of digits");
  return bytes;
}

std::vector<Payload> load(const std::string& name) {
  std::ifstream file(kFolder / (name + ".hex"));
  std::vector<Payload> payloads;
  auto framing = replication::Framing::Plain;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    Payload payload{from_hex(line), framing};
    if (payload.bytes.front() == 'S') framing = replication::Framing::InBlock;
    if (payload.bytes.front() == 'E') framing = replication::Framing::Plain;
    payloads.push_back(std::move(payload));
  }
  if (payloads.empty()) throw std::runtime_error("no messages in the fixture " + name);
  return payloads;
}

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".hex") found.push_back(entry.path().stem());
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace fixture
