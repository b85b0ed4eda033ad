#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <random>

#include "tests/support/sanitizer.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/unless.hpp"
#include "tests/unit/state/fixture.hpp"

namespace state {

using namespace tests;
using core::RowStatus;

namespace {

constexpr std::int64_t kRowsPerBatch = 50;

/// Batch n: fifty new people, and the people of the batch before change their status. Progress says n.
/// Some of it ahead of the commit, if the overlay may spill.
void write_batch(Store& store, std::int64_t batch, std::size_t spill_bytes) {
  Overlay overlay{store, spill_bytes};
  for (std::int64_t i = 0; i < kRowsPerBatch; ++i) {
    const std::int64_t id = batch * kRowsPerBatch + i;
    overlay.put_image(kPeople, number(id), row_of({std::to_string(id), "batch" + std::to_string(batch)}));
    overlay.set_status(kPeople, number(id), 0, RowStatus::Parked);
    if (batch > 0) overlay.set_status(kPeople, number(id - kRowsPerBatch), 0, RowStatus::Applied);
    if (i % 7 == 0) overlay.make_room();
  }
  Progress progress;
  progress.applied = core::Lsn{static_cast<std::uint64_t>(batch + 1)};
  overlay.commit(progress, {});
}

/// Writes batches until killed, telling each finished one through the pipe.
[[noreturn]] void write_for_ever(const Store::Options& options, std::size_t spill_bytes, int pipe) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto store = Store::open(options, identity(), layout());
  for (auto batch = static_cast<std::int64_t>(store->progress().applied.bytes());; ++batch) {
    write_batch(*store, batch, spill_bytes);
    if (::write(pipe, &batch, sizeof batch) != sizeof batch) ::_exit(1);
  }
}

}  // namespace

// reliability 61, 180
BOOST_TEST_DECORATOR(*unless(!kForksStartThreads, "the thread sanitizer lets no forked process start threads"))
BOOST_DATA_TEST_CASE(a_writer_killed_at_any_moment_leaves_its_last_commit_or_the_one_in_hand,
                     boost::unit_test::data::make({std::size_t{0}, std::size_t{1}}), spill_bytes) {
  StoreFixture fixture;
  fixture.store.reset();
  std::mt19937_64 random{seed()};
  for (int round = 0; round < 8; ++round) {
    int ends[2];
    BOOST_REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
      ::close(ends[0]);
      try {
        write_for_ever(fixture.options, spill_bytes, ends[1]);
      } catch (...) {
        ::_exit(1);
      }
    }
    ::close(ends[1]);
    std::int64_t told = -1;
    for (std::uint64_t left = 1 + random() % 20; left > 0; --left) {
      BOOST_REQUIRE(::read(ends[0], &told, sizeof told) == sizeof told);
    }
    // Some work of random length, so that the next batch is met anywhere.
    random.discard(random() % 500'000);
    ::kill(child, SIGKILL);
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_REQUIRE(WIFSIGNALED(status));
    while (::read(ends[0], &told, sizeof told) == sizeof told) {
    }
    ::close(ends[0]);

    fixture.reopen();
    const auto batches = static_cast<std::int64_t>(fixture.store->progress().applied.bytes());
    BOOST_TEST(batches >= told + 1);
    BOOST_TEST(batches <= told + 2);
    const core::RouteCounters counters = fixture.store->counters()[0];
    BOOST_TEST(counters.parked == kRowsPerBatch);
    BOOST_TEST(counters.applied == (batches - 1) * kRowsPerBatch);
    BOOST_TEST((fixture.store->counters() == fixture.store->recount()));
    BOOST_TEST(fixture.store->find(kPeople, kPeopleByLogin, text("batch" + std::to_string(batches - 1))).size() ==
               static_cast<std::size_t>(kRowsPerBatch));
    BOOST_TEST(fixture.store->find(kPeople, kPeopleByLogin, text("batch" + std::to_string(batches))).empty());
    BOOST_TEST(!fixture.store->is_present(kPerson, number(batches * kRowsPerBatch - 1)));
    if (batches > 1) BOOST_TEST(fixture.store->is_present(kPerson, number(0)));
    fixture.store.reset();
  }
}

}  // namespace state
