#include "state/store.hpp"

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "core/error.hpp"
#include "tests/unit/state/fixture.hpp"

namespace state {

using namespace tests;
using core::RowStatus;

namespace {

Chunk chunk_of(std::uint32_t chunk_number, core::RowKey begin, core::RowKey end, std::uint64_t lsn) {
  return {.table = kPeople,
          .number = chunk_number,
          .begin = std::move(begin),
          .end = std::move(end),
          .estimated_rows = 10,
          .is_loaded = lsn != 0,
          .is_finished = false,
          .lsn = core::Lsn{lsn}};
}

Progress snapshot_done(std::uint64_t applied, std::uint64_t consistent_point) {
  Progress progress;
  progress.applied = core::Lsn{applied};
  progress.slot_consistent_point = core::Lsn{consistent_point};
  progress.run = "run-1";
  progress.snapshot_finished = true;
  progress.needs_snapshot = false;
  return progress;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(store, StoreFixture)

BOOST_AUTO_TEST_CASE(a_new_store_needs_a_snapshot_and_has_nothing) {
  BOOST_TEST(store->progress().needs_snapshot);
  BOOST_TEST(!store->progress().snapshot_finished);
  BOOST_TEST(store->chunks().empty());
  BOOST_TEST((store->counters() == std::vector<core::RouteCounters>(4)));
  BOOST_TEST(!store->row(kPeople, number(1)).has_value());
}

BOOST_AUTO_TEST_CASE(progress_survives_a_reopening) {
  store->save_progress(snapshot_done(0x10, 0x8));
  reopen();
  const Progress progress = store->progress();
  BOOST_TEST(progress.applied.bytes() == 0x10U);
  BOOST_TEST(progress.slot_consistent_point.bytes() == 0x8U);
  BOOST_TEST(progress.run == "run-1");
  BOOST_TEST(progress.snapshot_finished);
  BOOST_TEST(!progress.needs_snapshot);
}

BOOST_AUTO_TEST_CASE(chunks_survive_a_reopening_in_order_and_can_be_forgotten) {
  const std::vector<Chunk> chunks{chunk_of(1, number(10), {}, 0), chunk_of(0, {}, number(10), 0x50)};
  store->save_chunks(chunks);
  reopen();
  const std::vector<Chunk> found = store->chunks();
  BOOST_REQUIRE_EQUAL(found.size(), 2U);
  BOOST_TEST(found[0].number == 0U);
  BOOST_TEST((found[0].end == number(10)));
  BOOST_TEST(found[0].is_loaded);
  BOOST_TEST(found[0].estimated_rows == 10);
  BOOST_TEST(found[1].number == 1U);
  BOOST_TEST(!found[1].is_loaded);
  store->forget_chunks();
  BOOST_TEST(store->chunks().empty());
  reopen();
  BOOST_TEST(store->chunks().empty());
}

BOOST_AUTO_TEST_CASE(a_row_belongs_to_the_snapshot_of_its_chunk_until_all_chunks_are_behind) {
  const std::vector<Chunk> chunks{chunk_of(0, {}, number(10), 0x50), chunk_of(1, number(10), number(20), 0x70),
                                  chunk_of(2, number(20), number(30), 0)};
  store->save_chunks(chunks);
  for (int round = 0; round < 2; ++round) {
    BOOST_TEST(store->chunk_lsn(kPeople, number(-5)).bytes() == 0x50U);
    BOOST_TEST(store->chunk_lsn(kPeople, number(9)).bytes() == 0x50U);
    BOOST_TEST(store->chunk_lsn(kPeople, number(10)).bytes() == 0x70U);
    BOOST_TEST(store->chunk_lsn(kPeople, number(20)).bytes() == 0U);
    BOOST_TEST(store->chunk_lsn(kPeople, number(30)).bytes() == 0U);
    BOOST_TEST(store->chunk_lsn(kOrders, number(9)).bytes() == 0U);
    reopen();
  }
  Progress progress;
  progress.applied = core::Lsn{0x6F};
  store->save_progress(progress);
  BOOST_TEST(store->chunk_lsn(kPeople, number(10)).bytes() == 0x70U);
  progress.applied = core::Lsn{0x70};
  store->save_progress(progress);
  BOOST_TEST(store->chunk_lsn(kPeople, number(10)).bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(ids_are_adopted_for_good_and_minted_for_all_other_keys) {
  const core::Uuid minted = store->uuid(kPerson, number(2));
  BOOST_TEST((minted == core::uuid_v5(uuid_of(7), "person:2")));
  BOOST_TEST(store->adopt(kPerson, {{number(1), uuid_of(1)}, {number(3), uuid_of(3)}}) == 2U);
  reopen();
  BOOST_TEST((store->uuid(kPerson, number(1)) == uuid_of(1)));
  BOOST_TEST((store->uuid(kPerson, number(2)) == minted));
  BOOST_TEST(store->is_adopted(kPerson, number(3)));
  BOOST_TEST(!store->is_adopted(kPerson, number(2)));
  BOOST_TEST(!store->is_adopted(kLogin, text("1")));
  BOOST_TEST((store->owner(kPerson, number(3)) == number(3)));
}

BOOST_AUTO_TEST_CASE(keys_that_share_an_adopted_id_belong_to_the_lowest) {
  store->adopt(kPerson,
               {{number(30), uuid_of(1)}, {number(4), uuid_of(2)}, {number(5), uuid_of(1)}, {number(12), uuid_of(1)}});
  reopen();
  for (const std::int64_t key : {5, 12, 30}) {
    BOOST_TEST((store->owner(kPerson, number(key)) == number(5)));
    BOOST_TEST((store->uuid(kPerson, number(key)) == uuid_of(1)));
  }
  BOOST_TEST((store->owner(kPerson, number(4)) == number(4)));
  BOOST_TEST((store->owner(kPerson, number(99)) == number(99)));
  BOOST_TEST((store->merged_keys(kPerson, number(5)) == std::vector{number(5), number(12), number(30)}));
  BOOST_TEST((store->merged_keys(kPerson, number(4)) == std::vector{number(4)}));
  std::vector<core::RowKey> visited;
  store->for_each_adopted(kPerson, [&](const core::RowKey& key, const core::Uuid& uuid, const core::RowKey& owner) {
    BOOST_TEST((uuid == (key == number(4) ? uuid_of(2) : uuid_of(1))));
    BOOST_TEST((owner == (key == number(4) ? number(4) : number(5))));
    visited.push_back(key);
  });
  BOOST_TEST((visited == std::vector{number(4), number(5), number(12), number(30)}));
}

BOOST_AUTO_TEST_CASE(presence_of_a_merged_key_is_that_of_its_owner) {
  store->adopt(kPerson, {{number(5), uuid_of(1)}, {number(12), uuid_of(1)}});
  put_person(12, "merged", RowStatus::Filtered);
  BOOST_TEST(!store->is_present(kPerson, number(12)));
  put_person(5, "owner");
  BOOST_TEST(store->is_present(kPerson, number(12)));
}

BOOST_AUTO_TEST_CASE(adopting_again_replaces_what_was_adopted) {
  store->adopt(kPerson, {{number(1), uuid_of(1)}, {number(2), uuid_of(1)}});
  store->adopt(kPerson, {{number(2), uuid_of(2)}, {number(2), uuid_of(2)}});
  for (int round = 0; round < 2; ++round) {
    BOOST_TEST(!store->is_adopted(kPerson, number(1)));
    BOOST_TEST((store->uuid(kPerson, number(2)) == uuid_of(2)));
    BOOST_TEST((store->merged_keys(kPerson, number(1)) == std::vector{number(1)}));
    reopen();
  }
  BOOST_TEST(store->adopt(kPerson, {}) == 0U);
  BOOST_TEST(!store->is_adopted(kPerson, number(2)));
}

BOOST_AUTO_TEST_CASE(one_key_with_two_adopted_ids_is_refused_by_name) {
  store->adopt(kPerson, {{number(1), uuid_of(1)}});
  try {
    store->adopt(kPerson, {{number(8), uuid_of(1)}, {number(8), uuid_of(2)}});
    BOOST_FAIL("was adopted");
  } catch (const core::Error& error) {
    BOOST_TEST((error.kind() == core::ErrorKind::Refused));
    BOOST_TEST(error.context("key") == "8");
    BOOST_TEST(error.context("entity") == "person");
  }
  BOOST_TEST(store->is_adopted(kPerson, number(1)));
}

BOOST_AUTO_TEST_CASE(presence_follows_statuses_by_bitmap_by_index_and_by_row) {
  put_person(1, "ann");
  put_person(2, "bob", RowStatus::Parked);
  Overlay overlay{*store};
  overlay.put_image(kCodes, text("x"), row_of({"x"}));
  overlay.set_status(kCodes, text("x"), 0, RowStatus::Applied);
  overlay.commit({}, {});
  for (int round = 0; round < 2; ++round) {
    BOOST_TEST(store->is_present(kPerson, number(1)));
    BOOST_TEST(!store->is_present(kPerson, number(2)));
    BOOST_TEST(!store->is_present(kPerson, number(3)));
    BOOST_TEST(store->is_present(kLogin, text("ann")));
    BOOST_TEST(!store->is_present(kLogin, text("bob")));
    BOOST_TEST(store->is_present(kCode, text("x")));
    BOOST_TEST(!store->is_present(kCode, text("y")));
    reopen();
  }
  put_person(1, "ann", RowStatus::Quarantined);
  BOOST_TEST(!store->is_present(kPerson, number(1)));
  BOOST_TEST(!store->is_present(kLogin, text("ann")));
}

BOOST_AUTO_TEST_CASE(rows_are_read_one_by_one_many_at_once_and_in_key_order) {
  for (const std::int64_t id : {3, 1, -2}) put_person(id, "login" + std::to_string(id));
  put_order(1, 3);
  const std::vector<core::RowKey> wanted{number(1), number(7), number(-2)};
  const auto rows = store->rows(kPeople, wanted);
  BOOST_REQUIRE(rows[0] && rows[2]);
  BOOST_TEST(!rows[1].has_value());
  BOOST_TEST(rows[2]->image[1].text == "login-2");
  BOOST_TEST((rows[0]->statuses == std::vector{RowStatus::Applied, RowStatus::None}));
  std::vector<core::RowKey> keys;
  const auto visit = [&](const core::RowKey& key, const StoredRow&) {
    keys.push_back(key);
    return true;
  };
  store->scan(kPeople, {}, {}, visit);
  BOOST_TEST((keys == std::vector{number(-2), number(1), number(3)}));
  keys.clear();
  store->scan(kPeople, number(1), number(3), visit);
  BOOST_TEST((keys == std::vector{number(1)}));
}

BOOST_AUTO_TEST_CASE(another_layout_empties_rows_and_keeps_adopted_ids_and_progress) {
  put_person(1, "ann");
  store->adopt(kPerson, {{number(1), uuid_of(1)}});
  const std::vector<Chunk> chunks{chunk_of(0, {}, {}, 0x50)};
  store->save_chunks(chunks);
  store->save_progress(snapshot_done(0x60, 0x40));
  Layout changed = layout();
  changed.fingerprint = "two";
  // Renumbered: the ids are kept by the entity's name.
  std::swap(changed.entities[0], changed.entities[1]);
  changed.entities[0].id = core::EntityId{0};
  changed.entities[1].id = core::EntityId{1};
  for (int round = 0; round < 2; ++round) {
    reopen(changed);
    BOOST_TEST(!store->row(kPeople, number(1)).has_value());
    BOOST_TEST(store->find(kPeople, kPeopleByLogin, text("ann")).empty());
    BOOST_TEST(store->chunks().empty());
    BOOST_TEST((store->counters() == std::vector<core::RouteCounters>(4)));
    BOOST_TEST(!store->is_present(core::EntityId{1}, number(1)));
    BOOST_TEST((store->uuid(core::EntityId{1}, number(1)) == uuid_of(1)));
    const Progress progress = store->progress();
    BOOST_TEST(progress.needs_snapshot);
    BOOST_TEST(!progress.snapshot_finished);
    BOOST_TEST(progress.applied.bytes() == 0x60U);
    BOOST_TEST(progress.slot_consistent_point.bytes() == 0x40U);
    BOOST_TEST(progress.run == "run-1");
  }
}

BOOST_AUTO_TEST_CASE(another_pair_of_databases_is_refused_with_both_values) {
  store.reset();
  Identity other = identity();
  other.target_database = "elsewhere";
  try {
    store = Store::open(options, other, layout());
    BOOST_FAIL("was opened");
  } catch (const core::Error& error) {
    BOOST_TEST((error.kind() == core::ErrorKind::State));
    BOOST_TEST(error.context("stored_target_database") == "postgres");
    BOOST_TEST(error.context("given_target_database") == "elsewhere");
    BOOST_TEST(error.context("stored_slot").empty());
  }
}

BOOST_AUTO_TEST_CASE(a_second_opening_is_refused_and_names_the_holder) {
  try {
    const auto second = Store::open(options, identity(), layout());
    BOOST_FAIL("was opened");
  } catch (const core::Error& error) {
    BOOST_TEST((error.kind() == core::ErrorKind::State));
    BOOST_TEST(error.message() == "the state directory is in use by another agent");
    BOOST_TEST(error.context("pid") == std::to_string(::getpid()));
    BOOST_TEST(!error.remedy().empty());
  }
}

BOOST_AUTO_TEST_CASE(settling_changes_nothing_that_can_be_read) {
  for (std::int64_t id = 0; id < 100; ++id) put_person(id, "login");
  store->settle();
  BOOST_TEST(store->find(kPeople, kPeopleByLogin, text("login")).size() == 100U);
  BOOST_TEST((store->counters() == store->recount()));
  BOOST_TEST(store->counters()[0].applied == 100);
  BOOST_TEST(store->size_bytes() > 0U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace state
