#include "state/overlay.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>

#include "core/error.hpp"
#include "tests/unit/state/fixture.hpp"

namespace state {

using namespace tests;
using core::RowStatus;

BOOST_FIXTURE_TEST_SUITE(overlay, StoreFixture)

BOOST_AUTO_TEST_CASE(a_batch_sees_its_own_changes_and_nobody_else_does_before_the_commit) {
  Overlay overlay{*store};
  overlay.put_image(kPeople, number(1), row_of({"1", "ann"}));
  overlay.set_status(kPeople, number(1), 0, RowStatus::Applied);
  BOOST_TEST(overlay.is_present(kPerson, number(1)));
  BOOST_TEST(overlay.is_present(kLogin, text("ann")));
  BOOST_TEST((overlay.find(kPeopleByLogin, text("ann")) == std::vector{number(1)}));
  BOOST_TEST(overlay.image(kPeople, number(1)).value()[1].text == "ann");
  BOOST_TEST(!store->is_present(kPerson, number(1)));
  BOOST_TEST(!store->row(kPeople, number(1)).has_value());
  BOOST_TEST(overlay.bytes() > 0U);
  overlay.commit({}, {});
  BOOST_TEST(overlay.is_empty());
  BOOST_TEST(overlay.bytes() == 0U);
  BOOST_TEST(store->is_present(kPerson, number(1)));
  BOOST_TEST((store->find(kPeople, kPeopleByLogin, text("ann")) == std::vector{number(1)}));
}

BOOST_AUTO_TEST_CASE(a_changed_index_value_moves_the_row_to_the_other_value) {
  put_order(1, 10);
  Overlay overlay{*store};
  overlay.put_image(kOrders, number(1), row_of({"1", "20"}));
  overlay.put_image(kOrders, number(2), row_of({"2", "10"}));
  BOOST_TEST((overlay.find(kOrdersByPerson, number(10)) == std::vector{number(2)}));
  BOOST_TEST((overlay.find(kOrdersByPerson, number(20)) == std::vector{number(1)}));
  overlay.commit({}, {});
  BOOST_TEST((store->find(kOrders, kOrdersByPerson, number(10)) == std::vector{number(2)}));
  BOOST_TEST((store->find(kOrders, kOrdersByPerson, number(20)) == std::vector{number(1)}));
}

BOOST_AUTO_TEST_CASE(a_row_with_null_in_an_index_is_found_only_while_it_has_a_value) {
  const auto order_of_nobody = [] {
    core::RowBuilder row{2};
    row.add_text("1");
    row.add_null();
    return std::move(row).finish();
  };
  const core::RowKey null{std::string(1, '\0')};
  Overlay overlay{*store};
  for (int round = 0; round < 2; ++round) {
    overlay.put_image(kOrders, number(1), order_of_nobody());
    overlay.commit({}, {});
    BOOST_TEST(store->find(kOrders, kOrdersByPerson, number(10)).empty());
    BOOST_TEST(store->find(kOrders, kOrdersByPerson, null).empty());
    overlay.put_image(kOrders, number(1), row_of({"1", "10"}));
    overlay.commit({}, {});
    BOOST_TEST((store->find(kOrders, kOrdersByPerson, number(10)) == std::vector{number(1)}));
  }
}

BOOST_AUTO_TEST_CASE(an_index_is_found_again_in_a_reopened_store) {
  put_order(1, 10);
  reopen();
  BOOST_TEST((store->find(kOrders, kOrdersByPerson, number(10)) == std::vector{number(1)}));
}

BOOST_AUTO_TEST_CASE(a_large_prefetch_finds_a_single_row_at_either_end_of_its_range) {
  constexpr std::int64_t kRows = 1000;
  std::vector<core::RowKey> keys;
  for (std::int64_t id = 1; id <= kRows; ++id) keys.push_back(number(id));
  put_order(0, 10);
  put_order(kRows + 1, 10);
  for (const std::int64_t id : {std::int64_t{1}, kRows}) {
    {
      Overlay before{*store};
      before.prefetch(kOrders, keys);
      BOOST_TEST(before.row(kOrders, number(id)) == nullptr);
    }
    put_order(id, 10);
    Overlay after{*store};
    after.prefetch(kOrders, keys);
    BOOST_TEST(after.row(kOrders, number(id)) != nullptr);
    after.erase(kOrders, number(id));
    after.commit({}, {});
  }
}

BOOST_AUTO_TEST_CASE(entries_of_several_indexes_and_signs_come_back_in_key_order) {
  Overlay overlay{*store};
  for (const std::int64_t id : {5, 3, -4, 1, 2}) {
    overlay.put_image(kOrders, number(id), row_of({std::to_string(id), id % 2 == 0 ? "-7" : "7"}));
    overlay.put_image(kPeople, number(id),
                      row_of({std::to_string(id), id < 3 ? "longer-than-a-head" : "longer-than-a-heap"}));
  }
  overlay.commit({}, {});
  BOOST_TEST((store->find(kOrders, kOrdersByPerson, number(7)) == std::vector{number(1), number(3), number(5)}));
  BOOST_TEST((store->find(kOrders, kOrdersByPerson, number(-7)) == std::vector{number(-4), number(2)}));
  BOOST_TEST((store->find(kPeople, kPeopleByLogin, text("longer-than-a-head")) ==
              std::vector{number(-4), number(1), number(2)}));
  BOOST_TEST((store->find(kPeople, kPeopleByLogin, text("longer-than-a-heap")) == std::vector{number(3), number(5)}));
}

BOOST_AUTO_TEST_CASE(an_erased_row_leaves_no_index_entry_no_pair_and_no_count) {
  Overlay overlay{*store};
  overlay.put_image(kPeople, number(1), row_of({"1", "ann"}));
  overlay.set_status(kPeople, number(1), 0, RowStatus::Applied);
  overlay.set_status(kPeople, number(1), 1, RowStatus::Filtered);
  overlay.set_target_key(kPeople, number(1), 1, "a,b");
  overlay.commit({}, {});
  BOOST_TEST((sharing("a,b") == std::vector{number(1)}));
  overlay.erase(kPeople, number(1));
  BOOST_TEST(!overlay.lowest_sharing(kPairRoute, "a,b"));
  BOOST_TEST(overlay.row(kPeople, number(1)) == nullptr);
  BOOST_TEST(overlay.counter_changes()[kPersonRoute.index()].applied == -1);
  BOOST_TEST(overlay.counter_changes()[kPersonRoute.index()].read == -1);
  overlay.commit({}, {});
  BOOST_TEST(sharing("a,b").empty());
  BOOST_TEST(store->find(kPeople, kPeopleByLogin, text("ann")).empty());
  BOOST_TEST((store->counters() == std::vector<core::RouteCounters>(4)));
  BOOST_TEST(!store->is_present(kPerson, number(1)));
}

BOOST_AUTO_TEST_CASE(a_repeated_batch_moves_no_counter) {
  for (int round = 0; round < 3; ++round) {
    put_person(1, "ann");
    BOOST_TEST(store->counters()[0].read == 1);
    BOOST_TEST(store->counters()[0].applied == 1);
  }
}

BOOST_AUTO_TEST_CASE(an_erased_and_inserted_row_starts_without_status) {
  put_person(1, "ann");
  Overlay overlay{*store};
  overlay.erase(kPeople, number(1));
  overlay.put_image(kPeople, number(1), row_of({"1", "eve"}));
  BOOST_TEST((overlay.row(kPeople, number(1))->statuses == std::vector{RowStatus::None, RowStatus::None}));
  BOOST_TEST(!overlay.is_present(kPerson, number(1)));
  overlay.commit({}, {});
  BOOST_TEST(store->find(kPeople, kPeopleByLogin, text("ann")).empty());
  BOOST_TEST((store->find(kPeople, kPeopleByLogin, text("eve")) == std::vector{number(1)}));
  BOOST_TEST(store->counters()[0].read == 0);
}

BOOST_AUTO_TEST_CASE(rows_that_share_a_target_key_are_found_until_they_forget_it) {
  Overlay overlay{*store};
  for (const std::int64_t id : {1, 2}) {
    overlay.put_image(kPeople, number(id), row_of({"1", "x"}));
    overlay.set_target_key(kPeople, number(id), 1, "k");
  }
  overlay.commit({}, {});
  overlay.set_target_key(kPeople, number(1), 1, "");
  overlay.put_image(kPeople, number(3), row_of({"3", "x"}));
  overlay.set_target_key(kPeople, number(3), 1, "k");
  BOOST_TEST((overlay.lowest_sharing(kPairRoute, "k") == number(2)));
  overlay.commit({}, {});
  BOOST_TEST((sharing("k") == std::vector{number(2), number(3)}));
  overlay.set_target_key(kPeople, number(2), 1, "");
  BOOST_TEST((overlay.lowest_sharing(kPairRoute, "k") == number(3)));
}

BOOST_AUTO_TEST_CASE(the_lowest_of_many_that_share_a_target_key_is_found_without_looking_at_the_others) {
  constexpr std::int64_t kMany = 1'000;
  Overlay overlay{*store};
  for (std::int64_t id = kMany; id > 0; --id) {
    overlay.put_image(kPeople, number(id), row_of({"1", "x"}));
    overlay.set_target_key(kPeople, number(id), 1, "k");
    BOOST_TEST((overlay.lowest_sharing(kPairRoute, "k") == number(id)));
  }
  overlay.commit({}, {});
  int asked = 0;
  const auto lowest = store->lowest_sharing(kPairRoute, "k", [&](const core::RowKey&) { return ++asked > 0; });
  BOOST_TEST((lowest == number(1)));
  BOOST_TEST(asked == 1);
}

BOOST_AUTO_TEST_CASE(keys_are_those_of_store_and_batch_together) {
  for (const std::int64_t id : {1, 3, 5}) put_person(id, "x");
  Overlay overlay{*store};
  overlay.erase(kPeople, number(3));
  overlay.put_image(kPeople, number(4), row_of({"4", "x"}));
  overlay.put_image(kPeople, number(5), row_of({"5", "y"}));
  BOOST_TEST((overlay.keys(kPeople, {}, {}, 100) == std::vector{number(1), number(4), number(5)}));
  BOOST_TEST((overlay.keys(kPeople, {}, {}, 2) == std::vector{number(1), number(4)}));
  BOOST_TEST((overlay.keys(kPeople, number(4), number(5), 100) == std::vector{number(4)}));
}

BOOST_AUTO_TEST_CASE(what_was_done_after_a_mark_can_be_undone) {
  put_person(1, "ann");
  Overlay overlay{*store};
  overlay.put_image(kPeople, number(2), row_of({"2", "bob"}));
  const auto outer = overlay.mark();
  overlay.put_image(kPeople, number(1), row_of({"1", "changed"}));
  overlay.set_status(kPeople, number(2), 0, RowStatus::Applied);
  const auto inner = overlay.mark();
  overlay.erase(kPeople, number(1));
  overlay.erase(kPeople, number(2));
  overlay.rollback_to(inner);
  BOOST_TEST(overlay.image(kPeople, number(1)).value()[1].text == "changed");
  BOOST_TEST(overlay.is_present(kPerson, number(2)));
  overlay.rollback_to(outer);
  BOOST_TEST(overlay.image(kPeople, number(1)).value()[1].text == "ann");
  BOOST_TEST(overlay.is_present(kPerson, number(1)));
  BOOST_TEST(!overlay.is_present(kPerson, number(2)));
  BOOST_TEST((overlay.counter_changes() == std::vector<core::RouteCounters>(4)));
  overlay.commit({}, {});
  BOOST_TEST((store->find(kPeople, kPeopleByLogin, text("ann")) == std::vector{number(1)}));
  BOOST_TEST((store->find(kPeople, kPeopleByLogin, text("bob")) == std::vector{number(2)}));
  BOOST_TEST(store->find(kPeople, kPeopleByLogin, text("changed")).empty());
}

BOOST_AUTO_TEST_CASE(an_erased_row_that_came_back_is_found_by_an_index_first_asked_in_between) {
  Overlay overlay{*store};
  overlay.put_image(kPeople, number(1), row_of({"1", "ann"}));
  const auto mark = overlay.mark();
  overlay.erase(kPeople, number(1));
  BOOST_TEST(overlay.find(kPeopleByLogin, text("ann")).empty());
  overlay.rollback_to(mark);
  BOOST_TEST((overlay.find(kPeopleByLogin, text("ann")) == std::vector{number(1)}));
}

BOOST_AUTO_TEST_CASE(progress_and_chunk_are_committed_with_the_rows) {
  Overlay overlay{*store};
  overlay.put_image(kPeople, number(1), row_of({"1", "ann"}));
  Progress progress;
  progress.applied = core::Lsn{0x77};
  Chunk chunk;
  chunk.table = kPeople;
  chunk.is_loaded = true;
  chunk.lsn = core::Lsn{0x99};
  overlay.commit(progress, chunk);
  for (int round = 0; round < 2; ++round) {
    BOOST_TEST(store->progress().applied.bytes() == 0x77U);
    BOOST_TEST(store->chunk_lsn(kPeople, number(1)).bytes() == 0x99U);
    reopen();
  }
}

BOOST_AUTO_TEST_CASE(a_batch_of_many_pieces_arrives_whole) {
  Overlay overlay{*store};
  const std::string large(100'000, 'x');
  constexpr std::int64_t kRows = 250;  // 25 MB: four pieces
  for (std::int64_t id = 0; id < kRows; ++id) {
    overlay.put_image(kPeople, number(id), row_of({std::to_string(id), "login", large}));
    overlay.set_status(kPeople, number(id), 0, RowStatus::Applied);
  }
  overlay.commit({}, {});
  reopen();
  BOOST_TEST(store->counters()[0].applied == kRows);
  BOOST_TEST((store->counters() == store->recount()));
  BOOST_TEST(store->find(kPeople, kPeopleByLogin, text("login")).size() == static_cast<std::size_t>(kRows));
}

BOOST_AUTO_TEST_CASE(an_image_that_cannot_be_indexed_is_refused_before_anything_changed) {
  Overlay overlay{*store};
  core::RowBuilder row{2};
  row.add_text("1");
  row.add(core::Value::unchanged());
  BOOST_CHECK_THROW(overlay.put_image(kPeople, number(1), std::move(row).finish()), core::Error);
  BOOST_TEST(overlay.is_empty());
  BOOST_TEST(overlay.row(kPeople, number(1)) == nullptr);
}

BOOST_AUTO_TEST_CASE(prefetched_and_assumed_rows_are_what_they_are_called) {
  put_person(1, "ann");
  Overlay overlay{*store};
  const std::vector<core::RowKey> keys{number(2), number(1), number(2)};
  overlay.prefetch(kPeople, keys);
  BOOST_TEST(overlay.row(kPeople, number(1)) != nullptr);
  BOOST_TEST(overlay.row(kPeople, number(2)) == nullptr);
  // Known already: what is assumed does not hide it.
  overlay.assume_absent(kPeople, keys);
  BOOST_TEST(overlay.row(kPeople, number(1)) != nullptr);
  BOOST_TEST(overlay.is_empty());
}

BOOST_AUTO_TEST_CASE(a_status_needs_a_row) {
  Overlay overlay{*store};
  BOOST_CHECK_THROW(overlay.set_status(kPeople, number(1), 0, RowStatus::Applied), core::Error);
  BOOST_CHECK_THROW(overlay.set_target_key(kPeople, number(1), 0, "k"), core::Error);
  BOOST_CHECK_THROW(overlay.rollback_to({.undo = 1, .generation = 0, .counters = {}}), core::Error);
}

BOOST_AUTO_TEST_CASE(several_writers_of_disjoint_rows_agree_on_the_counters) {
  constexpr std::int64_t kEach = 2'000;
  {
    std::vector<std::jthread> writers;
    for (std::int64_t writer = 0; writer < 4; ++writer) {
      writers.emplace_back([&, writer] {
        Overlay overlay{*store};
        for (std::int64_t i = 0; i < kEach; ++i) {
          const std::int64_t id = writer * kEach + i;
          overlay.put_image(kPeople, number(id), row_of({std::to_string(id), "login" + std::to_string(i)}));
          overlay.set_status(kPeople, number(id), 0, RowStatus::Applied);
          if (i % 100 == 99) overlay.commit({}, {}, Overlay::Sync::No);
        }
      });
    }
  }
  BOOST_TEST(store->counters()[0].applied == 4 * kEach);
  BOOST_TEST(store->find(kPeople, kPeopleByLogin, text("login5")).size() == 4U);
  for (const std::int64_t id : {std::int64_t{0}, 4 * kEach - 1}) BOOST_TEST(store->is_present(kPerson, number(id)));
  reopen();
  BOOST_TEST((store->counters() == store->recount()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace state
