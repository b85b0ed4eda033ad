// The overlay against the plainest thing that could be right: maps. Random operations, marks, commits and reopenings.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <random>

#include "state/overlay.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/state/fixture.hpp"

namespace state {

using namespace tests;
using core::RowStatus;

namespace {

struct ModelRow {
  std::string person;
  RowStatus status = RowStatus::None;
  std::string target_key;
};

/// People only, keyed by number; `person` is the indexed login.
using Model = std::map<std::int64_t, ModelRow>;

constexpr std::int64_t kKeys = 40;

std::vector<core::RowKey> with_login(const Model& model, const std::string& login) {
  std::vector<core::RowKey> keys;
  for (const auto& [id, row] : model) {
    if (row.person == login) keys.push_back(number(id));
  }
  return keys;
}

std::vector<core::RowKey> with_target_key(const Model& model, const std::string& target_key) {
  std::vector<core::RowKey> keys;
  for (const auto& [id, row] : model) {
    if (row.target_key == target_key) keys.push_back(number(id));
  }
  return keys;
}

core::RouteCounters counted(const Model& model) {
  core::RouteCounters counters;
  for (const auto& [id, row] : model) {
    if (row.status == RowStatus::None) continue;
    ++counters.read;
    if (row.status == RowStatus::Applied) ++counters.applied;
    if (row.status == RowStatus::Filtered) ++counters.filtered;
    if (row.status == RowStatus::Parked) ++counters.parked;
    if (row.status == RowStatus::Quarantined) ++counters.quarantined;
  }
  return counters;
}

bool is_login_present(const Model& model, const std::string& login) {
  return std::any_of(model.begin(), model.end(), [&](const auto& entry) {
    return entry.second.person == login && entry.second.status == RowStatus::Applied;
  });
}

core::RouteCounters difference(const core::RouteCounters& a, const core::RouteCounters& b) {
  return {a.read - b.read, a.applied - b.applied, a.filtered - b.filtered, a.parked - b.parked,
          a.quarantined - b.quarantined};
}

struct Run : StoreFixture {
  Run(std::uint64_t with_seed, std::size_t most_bytes) : spill_bytes(most_bytes), random(with_seed) { start(); }

  void start() { overlay = std::make_unique<Overlay>(*store, spill_bytes); }

  std::int64_t any_key() { return static_cast<std::int64_t>(random() % kKeys); }
  std::string any_login() { return "login" + std::to_string(random() % 6); }

  void step() {
    const std::int64_t id = any_key();
    switch (random() % 12) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const std::string login = any_login();
        overlay->put_image(kPeople, number(id), row_of({std::to_string(id), login}));
        now[id].person = login;
        break;
      }
      case 4:
      case 5:
      case 6:
        if (now.contains(id)) {
          now[id].status = static_cast<RowStatus>(random() % 5);
          overlay->set_status(kPeople, number(id), 0, now[id].status);
        }
        break;
      case 7:
        overlay->erase(kPeople, number(id));
        now.erase(id);
        break;
      case 8:
        if (now.contains(id)) {
          now[id].target_key = random() % 3 == 0 ? "" : "key" + std::to_string(random() % 4);
          overlay->set_target_key(kPeople, number(id), 1, now[id].target_key);
        }
        break;
      case 9:
        if (random() % 2 == 0) {
          marks.push_back({overlay->mark(), now});
        } else {
          overlay->make_room();
        }
        break;
      case 10:
        if (!marks.empty()) {
          const std::size_t to = random() % marks.size();
          overlay->rollback_to(marks[to].first);
          now = marks[to].second;
          marks.resize(to + 1);
        }
        break;
      default: {
        const std::vector<core::RowKey> keys{number(any_key()), number(any_key())};
        overlay->prefetch(kPeople, keys);
        break;
      }
    }
  }

  void end_batch() {
    if (random() % 4 == 0) {
      overlay->clear();
      now = committed;
    } else {
      overlay->commit({}, {}, random() % 2 == 0 ? Overlay::Sync::Yes : Overlay::Sync::No);
      committed = now;
    }
    marks.clear();
    if (random() % 8 == 0) {
      overlay.reset();
      reopen();
      start();
    }
  }

  /// The directory as it is now is what a killed process leaves: the log is written before anything else.
  void crash() {
    const TempDir copies("crash");
    const std::filesystem::path copy = copies.path() / "state";
    for (std::error_code gone;; gone.clear()) {
      std::filesystem::copy(options.directory, copy, std::filesystem::copy_options::recursive, gone);
      if (!gone) break;
      // A file that nothing needs any more was removed meanwhile.
      BOOST_REQUIRE(gone == std::errc::no_such_file_or_directory);
      std::filesystem::remove_all(copy);
    }
    overlay.reset();
    store.reset();
    std::filesystem::remove_all(options.directory);
    std::filesystem::rename(copy, options.directory);
    reopen();
    start();
    now = committed;
    marks.clear();
  }

  void expect_overlay_equals_model() {
    for (std::int64_t id = 0; id < kKeys; ++id) {
      const StoredRow* row = overlay->row(kPeople, number(id));
      const auto expected = now.find(id);
      BOOST_REQUIRE_EQUAL(row != nullptr, expected != now.end());
      BOOST_REQUIRE_EQUAL(overlay->is_present(kPerson, number(id)),
                          expected != now.end() && expected->second.status == RowStatus::Applied);
      if (row == nullptr) continue;
      BOOST_REQUIRE_EQUAL(row->image[1].text, expected->second.person);
      BOOST_REQUIRE(row->statuses[0] == expected->second.status);
      BOOST_REQUIRE_EQUAL(row->target_keys[1], expected->second.target_key);
    }
    for (int i = 0; i < 6; ++i) {
      const std::string login = "login" + std::to_string(i);
      BOOST_REQUIRE(overlay->find(kPeopleByLogin, text(login)) == with_login(now, login));
      BOOST_REQUIRE_EQUAL(overlay->is_present(kLogin, text(login)), is_login_present(now, login));
    }
    for (int i = 0; i < 4; ++i) {
      const std::string target_key = "key" + std::to_string(i);
      const auto expected = with_target_key(now, target_key);
      const auto lowest = overlay->lowest_sharing(kPairRoute, target_key);
      BOOST_REQUIRE(lowest == (expected.empty() ? std::nullopt : std::optional{expected.front()}));
    }
    BOOST_REQUIRE(overlay->counter_changes()[0] == difference(counted(now), counted(committed)));
    std::vector<core::RowKey> keys;
    for (const auto& [id, row] : now) keys.push_back(number(id));
    BOOST_REQUIRE(overlay->keys(kPeople, {}, {}, 1'000) == keys);
    keys.resize(std::min<std::size_t>(keys.size(), 7));
    BOOST_REQUIRE(overlay->keys(kPeople, {}, {}, 7) == keys);
  }

  void expect_store_equals_model() {
    BOOST_REQUIRE(store->counters()[0] == counted(committed));
    BOOST_REQUIRE(store->counters() == store->recount());
    std::size_t rows = 0;
    store->scan(kPeople, {}, {}, [&](const core::RowKey&, const StoredRow&) {
      ++rows;
      return true;
    });
    BOOST_REQUIRE_EQUAL(rows, committed.size());
    for (int i = 0; i < 6; ++i) {
      const std::string login = "login" + std::to_string(i);
      BOOST_REQUIRE(store->find(kPeople, kPeopleByLogin, text(login)) == with_login(committed, login));
    }
    for (int i = 0; i < 4; ++i) {
      const std::string target_key = "key" + std::to_string(i);
      BOOST_REQUIRE(sharing(target_key) == with_target_key(committed, target_key));
    }
  }

  const std::size_t spill_bytes;
  std::mt19937_64 random;
  std::unique_ptr<Overlay> overlay;
  Model committed;
  Model now;
  std::vector<std::pair<Overlay::Mark, Model>> marks;
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_overlay_behaves_like_a_map_whatever_is_done_to_it) {
  Run run{seed(), 0};
  for (int batch = 0; batch < 150; ++batch) {
    for (std::uint64_t steps = run.random() % 60; steps > 0; --steps) {
      run.step();
      if (run.random() % 10 == 0) run.expect_overlay_equals_model();
    }
    run.expect_overlay_equals_model();
    run.end_batch();
    run.expect_store_equals_model();
  }
}

// reliability 61, 180
BOOST_AUTO_TEST_CASE(an_overlay_that_spills_behaves_like_a_map_whatever_is_done_to_it_and_whenever_it_crashes) {
  // A bound that nearly every look at it finds exceeded.
  Run run{seed(), 1};
  for (int batch = 0; batch < 150; ++batch) {
    for (std::uint64_t steps = run.random() % 60; steps > 0; --steps) {
      run.step();
      if (run.random() % 10 == 0) run.expect_overlay_equals_model();
    }
    run.expect_overlay_equals_model();
    BOOST_REQUIRE(run.store->counters()[0] == counted(run.committed));
    if (run.random() % 4 == 0) {
      run.crash();
      run.expect_overlay_equals_model();
    } else {
      run.end_batch();
    }
    run.expect_store_equals_model();
  }
}

}  // namespace state
