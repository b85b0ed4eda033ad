#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "tests/support/seed.hpp"
#include "tests/unit/replication/fixture.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

int fuzz_one(const std::string& bytes) {
  return LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fuzz_corpus)

// The fuzz target run over all fixtures as they are, and mutated: without libFuzzer, but under the sanitizers of the preset.
BOOST_AUTO_TEST_CASE(mutated_messages_are_read_or_refused_but_never_past_their_end) {  // reliability 91, 142
  std::mt19937_64 random{tests::seed()};
  std::size_t runs = 0;
  for (const std::string& name : fixture::names()) {
    for (const fixture::Payload& payload : fixture::load(name)) {
      const std::string bytes = (payload.framing == replication::Framing::InBlock ? '\1' : '\0') + payload.bytes;
      BOOST_REQUIRE(fuzz_one(bytes) == 0);
      for (int round = 0; round < 40; ++round) {
        std::string mutated = bytes.substr(0, random() % 4 == 0 ? random() % bytes.size() : bytes.size());
        for (std::uint64_t count = random() % 4 + 1; count > 0 && !mutated.empty(); --count) {
          mutated[random() % std::min<std::size_t>(mutated.size(), 200)] = static_cast<char>(random());
        }
        BOOST_REQUIRE(fuzz_one(mutated) == 0);
        ++runs;
      }
    }
  }
  BOOST_TEST(runs > 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
