#include "replication/assembler.hpp"

#include "tests/unit/replication/assembler_driver.hpp"
#include "tests/unit/replication/expect_error.hpp"
#include "tests/unit/replication/wire.hpp"

using namespace wire;

BOOST_AUTO_TEST_SUITE(ordinary_transactions)

BOOST_AUTO_TEST_CASE(a_transaction_is_handed_on_at_its_commit) {
  Driver driver;
  driver.feed({begin(100, 7), relation(9, "t", {"id", "note"}), insert(9, {"1", "a"}), update(9, {"1", "b"})});
  BOOST_TEST(driver.parts.empty());
  BOOST_TEST(!driver.assembler.is_idle());
  driver.feed(remove(9, 'K', {"1", kNull}));
  driver.feed(commit(100, 130));
  BOOST_REQUIRE(driver.parts.size() == 1U);
  const core::TransactionPart& part = driver.parts[0];
  BOOST_TEST(part.xid == 7U);
  BOOST_TEST(part.commit_lsn.lsn.bytes() == 100U);
  BOOST_TEST(part.end_lsn.lsn.bytes() == 130U);
  BOOST_TEST(part.is_first);
  BOOST_TEST(part.is_last);
  BOOST_TEST(driver.keys() == "1 1 -1");
  BOOST_TEST(part.changes[0].relation->name.name == "t");
  BOOST_TEST(driver.assembler.is_idle());
}

BOOST_AUTO_TEST_CASE(an_empty_transaction_still_moves_the_checkpoint) {
  Driver driver;
  driver.feed({begin(100), commit(100, 130)});
  BOOST_REQUIRE(driver.parts.size() == 1U);
  BOOST_TEST(driver.parts[0].changes.empty());
  BOOST_TEST(driver.parts[0].end_lsn.lsn.bytes() == 130U);
}

BOOST_AUTO_TEST_CASE(a_large_transaction_comes_in_bounded_pieces) {
  Driver driver{core::Lsn{1}, {2, 1U << 20U}};
  driver.feed({begin(100), relation(9, "t", {"id"}), insert(9, {"1"}), insert(9, {"2"}), insert(9, {"3"}),
               insert(9, {"4"}), insert(9, {"5"}), commit(100, 130)});
  BOOST_REQUIRE(driver.parts.size() == 3U);
  BOOST_TEST(driver.parts[0].is_first);
  BOOST_TEST(!driver.parts[0].is_last);
  BOOST_TEST(!driver.parts[0].end_lsn.lsn.is_valid());
  BOOST_TEST(!driver.parts[1].is_first);
  BOOST_TEST(!driver.parts[1].is_last);
  BOOST_TEST(driver.parts[2].is_last);
  BOOST_TEST(driver.parts[2].end_lsn.lsn.bytes() == 130U);
  for (const auto& part : driver.parts) BOOST_TEST(part.commit_lsn.lsn.bytes() == 100U);
  BOOST_TEST(driver.keys() == "1 2 3 4 5");
}

BOOST_AUTO_TEST_CASE(pieces_are_bounded_by_bytes_too) {
  Driver driver{core::Lsn{1}, {1000, 3000}};
  const std::string long_text(2000, 'x');
  driver.feed({begin(100), relation(9, "t", {"id", "note"}), insert(9, {"1", long_text}), insert(9, {"2", long_text}),
               insert(9, {"3", long_text}), commit(100, 130)});
  BOOST_REQUIRE(driver.parts.size() == 2U);
  BOOST_TEST(driver.parts[0].changes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(transactions_before_the_checkpoint_are_skipped_and_the_one_at_it_is_not) {  // reliability 43
  Driver driver{core::Lsn{130}};
  driver.feed({begin(100), relation(9, "t", {"id"}), insert(9, {"1"}), message(true, "m"), commit(100, 130)});
  BOOST_TEST(driver.parts.empty());
  BOOST_TEST(driver.assembler.counters().skipped_transactions == 1U);
  // A commit record that starts exactly at the checkpoint is the next transaction. The relation was described in the skipped one.
  driver.feed({begin(130), insert(9, {"2"}), commit(130, 160)});
  BOOST_TEST(driver.keys() == "2");
}

BOOST_AUTO_TEST_CASE(relations_are_replaced_between_two_changes_and_kept_while_they_are_equal) {
  Driver driver;
  driver.feed({begin(100), relation(9, "t", {"id"}), insert(9, {"1"}), relation(9, "t", {"id"}), insert(9, {"2"}),
               relation(9, "t", {"id", "extra"}), insert(9, {"3", "x"}), commit(100, 130)});
  const auto& changes = driver.parts.at(0).changes;
  BOOST_TEST(changes[0].relation == changes[1].relation);
  BOOST_TEST(changes[1].relation != changes[2].relation);
  BOOST_TEST(changes[1].relation->columns.size() == 1U);
  BOOST_TEST(changes[2].relation->columns.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_truncate_of_several_relations_stays_together) {  // reliability 83, 144
  Driver driver{core::Lsn{1}, {1, 1U << 20U}};
  driver.feed({begin(100), relation(8, "a", {"id"}), relation(9, "b", {"id"}), truncate({8, 9}, 1), commit(100, 130)});
  BOOST_TEST(driver.keys() == "truncate:a truncate:b");
  BOOST_TEST(driver.parts.at(0).changes.size() == 2U);
  BOOST_TEST(std::get<core::Truncate>(driver.parts[0].changes[0].what).cascade);
}

BOOST_AUTO_TEST_CASE(transactional_messages_belong_to_their_transaction_and_others_to_nobody) {  // reliability 67, 135
  Driver driver;
  driver.feed(message(false, "stray"));
  driver.feed({begin(100), message(true, "marker"), message(false, "stray"), commit(100, 130)});
  BOOST_REQUIRE(driver.parts.size() == 1U);
  BOOST_REQUIRE(driver.parts[0].messages.size() == 1U);
  BOOST_TEST(driver.parts[0].messages[0].prefix == "dispatch_sync");
  BOOST_TEST(driver.parts[0].messages[0].content == "marker");
  BOOST_TEST(driver.assembler.counters().stray_messages == 2U);
}

BOOST_AUTO_TEST_CASE(origins_may_come_once_or_twice) {  // reliability 144
  Driver driver;
  driver.feed(fixture::load("origins"));
  BOOST_TEST(driver.keys() == "1");
  const auto& origins = driver.assembler.counters().origins;
  BOOST_REQUIRE(origins.size() == 1U);
  BOOST_TEST(origins.begin()->second == 1U);
}

BOOST_AUTO_TEST_CASE(protocol_1_sends_empty_transactions_and_stray_aborts) {  // reliability 63
  Driver driver;
  driver.feed(fixture::load("protocol_1"));
  BOOST_TEST(driver.parts.size() == 2U);
  BOOST_TEST(driver.keys() == "-1");
  BOOST_TEST(driver.assembler.counters().stray_aborts == 1U);
}

BOOST_AUTO_TEST_CASE(a_captured_workload_gives_what_was_done) {
  Driver driver;
  driver.feed(fixture::load("ordinary"));
  const auto table = [&](std::string_view name) {
    std::string keys;
    for (const core::TransactionPart& part : driver.parts) {
      for (const core::Change& change : part.changes) {
        if (change.relation->name.name != name) continue;
        core::TransactionPart one;
        one.changes.push_back(change);
        keys += (keys.empty() ? "" : " ") + Driver::keys(one);
      }
    }
    return keys;
  };
  BOOST_TEST(table("plain") == "1 2 3 1 20 -3 30 31 truncate:plain");
  BOOST_TEST(table("whole") == "1 2 1 -2");
  BOOST_TEST(table("by_index") == "1 1 1 - truncate:by_index");  // its identity is `code`, not the first column
  BOOST_TEST(table("parted") == "5 5");
  BOOST_TEST(table("parted_low") == "");
  BOOST_TEST(table("child") == "truncate:child 2 3");

  // A TOASTed key that did not change: the old key is there, the new one says unchanged.
  bool is_seen = false;
  for (const core::TransactionPart& part : driver.parts) {
    for (const core::Change& change : part.changes) {
      const auto* update = std::get_if<core::Update>(&change.what);
      if (update == nullptr || change.relation->name.name != "keyed_by_text") continue;
      BOOST_REQUIRE(update->old.has_value());
      BOOST_TEST(update->old->row[0].text == std::string(2500, 'k'));
      BOOST_TEST(update->row[0].is_unchanged());
      is_seen = true;
    }
  }
  BOOST_TEST(is_seen);
}

BOOST_AUTO_TEST_CASE(what_stands_in_the_wrong_place_is_an_error) {  // reliability 145
  const std::string described = relation(9, "t", {"id"});
  const std::vector<std::vector<std::string>> sessions = {
      {insert(9, {"1"})},
      {described},
      {type(20000, "x")},
      {origin("far")},
      {commit(100, 130)},
      {message(true, "marker")},
      {stream_stop()},
      {begin(100), begin(100)},
      {begin(100), commit(99, 130)},
      {begin(100), commit(100, 100)},
      {begin(100), stream_start(7, true)},
      {begin(100), stream_commit(7, 100, 130)},
      {begin(100), stream_abort(7, 7)},
      {begin(100), insert(9, {"1"})},
      {begin(100), described, insert(9, {"1", "2"})},
      {begin(100), described, insert(9, {})},
      {begin(100), described, update(9, 'K', {"1", "2"}, {"1"})},
      {begin(100), described, truncate({9, 10}, 0)},
      {begin(100), commit(100, 130), begin(100)},
      {begin(100), commit(100, 130), begin(90)},
  };
  for (const std::vector<std::string>& session : sessions) {
    Driver driver;
    for (std::size_t index = 0; index + 1 < session.size(); ++index) driver.feed(session[index]);
    EXPECT_ERROR(driver.feed(session.back()), Protocol);
  }
}

BOOST_AUTO_TEST_CASE(two_phase_messages_are_refused) {
  for (const fixture::Payload& payload : fixture::load("two_phase")) {
    Driver driver;
    EXPECT_ERROR(driver.feed(payload.bytes), Protocol);
  }
}

BOOST_AUTO_TEST_CASE(feeding_while_a_piece_waits_is_a_defect_of_the_caller) {
  Driver driver;
  driver.assembler.feed(begin(100));
  driver.assembler.feed(commit(100, 130));
  EXPECT_ERROR(driver.assembler.feed(begin(200)), Bug);
}

BOOST_AUTO_TEST_SUITE_END()
