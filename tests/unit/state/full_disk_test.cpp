// The store on a disk that becomes full and has room again. The disk is a memory file system of a few megabytes, which only root may
// mount; elsewhere the test is skipped.
#include <boost/test/unit_test.hpp>

#include "core/error.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/state/fixture.hpp"

namespace state {

using namespace tests;
using core::RowStatus;

namespace {

core::Row wide(std::int64_t id) {
  // Hardly to be compressed: the disk shall fill up.
  std::string text;
  for (std::uint64_t word = static_cast<std::uint64_t>(id); text.size() < 2'000;) {
    word = word * 6364136223846793005U + 1442695040888963407U;
    text += std::to_string(word);
  }
  return row_of({std::to_string(id), text});
}

}  // namespace

// reliability 101
BOOST_AUTO_TEST_CASE(a_full_disk_is_an_error_that_goes_away_with_it,
                     *boost::unit_test::precondition(may_mount_small_disk)) {
  StoreFixture fixture;
  fixture.store.reset();
  const SmallDisk disk(fixture.options.directory, "96m");
  fixture.reopen();
  std::int64_t next = 0;
  for (const std::size_t spill_bytes : {std::size_t{0}, std::size_t{1} << 20U}) {
    Overlay overlay{*fixture.store, spill_bytes};
    disk.fill(512U << 10U);
    const std::int64_t first = next;
    int refused = 0;
    const auto write = [&](bool is_committed) {
      try {
        if (is_committed) {
          overlay.commit({}, {});
        } else {
          overlay.clear();
        }
        return true;
      } catch (const core::Error& error) {
        BOOST_TEST_REQUIRE(error.is_transient(), error.what());
        ++refused;
        return false;
      }
    };
    try {
      for (; next < first + 2'000; ++next) {
        overlay.put_image(kPeople, number(next), wide(next));
        overlay.set_status(kPeople, number(next), 0, RowStatus::Applied);
        overlay.make_room();
      }
    } catch (const core::Error& error) {
      BOOST_TEST_REQUIRE(error.is_transient(), error.what());
      ++refused;
    }
    // A spill that failed gives the transaction up; a commit is tried until it is through.
    const bool is_committed = spill_bytes == 0;
    for (int attempt = 0; attempt < 3; ++attempt) {
      if (write(is_committed)) break;
    }
    BOOST_TEST(refused > 0);
    disk.make_room();
    // RocksDB looks for room every few seconds.
    tests::wait_until([&] { return write(is_committed); }, "the store can be written again");
    BOOST_TEST(fixture.store->row(kPeople, number(first)).has_value() == is_committed);
    BOOST_TEST(fixture.store->is_present(kPerson, number(first)) == is_committed);
    BOOST_TEST((fixture.store->counters() == fixture.store->recount()));
    // Room for the next round.
    Overlay eraser{*fixture.store, std::size_t{1} << 20U};
    for (std::int64_t id = first; id < next; ++id) eraser.erase(kPeople, number(id));
    const auto erase = [&] {
      try {
        eraser.commit({}, {});
        return true;
      } catch (const core::Error& error) {
        BOOST_TEST_REQUIRE(error.is_transient(), error.what());
        return false;
      }
    };
    tests::wait_until(erase, "the store can be written again");
  }
  BOOST_TEST(fixture.store->counters()[0].read == 0);
  fixture.store.reset();
}

}  // namespace state
