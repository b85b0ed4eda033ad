#include "tests/unit/replication/assembler_driver.hpp"
#include "tests/unit/replication/expect_error.hpp"
#include "tests/unit/replication/wire.hpp"

using namespace wire;

namespace {

/// Refuses to keep anything while it is full.
class FullDisk final : public core::HeldTransactions {
 public:
  void append(std::uint32_t xid, std::uint32_t subxid, std::uint64_t sequence, std::string_view bytes) override {
    if (is_full) throw core::Error{core::ErrorKind::State, "no space left"}.transient();
    held_.append(xid, subxid, sequence, bytes);
  }
  void discard_subtransaction(std::uint32_t xid, std::uint32_t subxid) override {
    held_.discard_subtransaction(xid, subxid);
  }
  void drop(std::uint32_t xid) override { held_.drop(xid); }
  void drop_all() override { held_.drop_all(); }
  std::vector<core::HeldMessage> read(std::uint32_t xid, std::uint64_t from, std::size_t most_bytes) override {
    return held_.read(xid, from, most_bytes);
  }
  std::size_t held_bytes(std::uint32_t xid) const override { return held_.held_bytes(xid); }
  std::size_t held_bytes() const override { return held_.held_bytes(); }

  bool is_full = false;

 private:
  replication::MemoryHeldTransactions held_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(streamed_transactions)

BOOST_AUTO_TEST_CASE(nothing_comes_out_before_the_commit) {
  Driver driver;
  driver.feed({stream_start(7, true), relation(9, "t", {"id"}, 7), insert(9, {"1"}, 7), stream_stop(),
               stream_start(7, false), insert(9, {"2"}, 7), stream_stop()});
  BOOST_TEST(driver.parts.empty());
  BOOST_TEST(driver.assembler.is_idle());  // does not hold back acknowledgements
  driver.feed(stream_commit(7, 100, 130));
  BOOST_REQUIRE(driver.parts.size() == 1U);
  BOOST_TEST(driver.keys() == "1 2");
  BOOST_TEST(driver.parts[0].xid == 7U);
  BOOST_TEST(driver.parts[0].commit_lsn.lsn.bytes() == 100U);
  BOOST_TEST(driver.parts[0].end_lsn.lsn.bytes() == 130U);
}

BOOST_AUTO_TEST_CASE(interleaved_transactions_come_out_in_commit_order) {  // reliability 105
  Driver driver;
  driver.feed(
      {stream_start(7, true),  relation(9, "t", {"id"}, 7), insert(9, {"71"}, 7), stream_stop(),               //
       stream_start(8, true),  relation(9, "t", {"id"}, 8), insert(9, {"81"}, 8), stream_stop(),               //
       begin(50, 9),           relation(9, "t", {"id"}),    insert(9, {"91"}),    commit(50, 60),              //
       stream_start(7, false), insert(9, {"72"}, 7),        stream_stop(),        stream_commit(8, 100, 130),  //
       begin(140, 10),         insert(9, {"101"}),          commit(140, 150),     stream_commit(7, 200, 230)});
  BOOST_TEST(driver.keys() == "91 81 101 71 72");
  BOOST_TEST(driver.assembler.counters().streamed_transactions == 2U);
}

BOOST_AUTO_TEST_CASE(a_rolled_back_subtransaction_falls_alone) {  // reliability 62
  Driver driver;
  driver.feed({stream_start(7, true), relation(9, "t", {"id"}, 7), insert(9, {"1"}, 7), insert(9, {"2"}, 70),
               stream_stop(), stream_abort(7, 70), stream_start(7, false), relation(9, "t", {"id"}, 7),
               insert(9, {"3"}, 7), insert(9, {"4"}, 71), stream_stop(), stream_commit(7, 100, 130)});
  BOOST_TEST(driver.keys() == "1 3 4");
}

BOOST_AUTO_TEST_CASE(of_505_rows_only_those_of_the_rolled_back_savepoint_are_gone) {  // reliability 62
  Driver driver;
  driver.feed({stream_start(7, true), relation(9, "t", {"id"}, 7)});
  for (int row = 0; row < 505; ++row) driver.feed(insert(9, {std::to_string(row)}, 7));
  for (int row = 0; row < 300; ++row) driver.feed(insert(9, {"gone"}, 70));
  driver.feed({stream_stop(), stream_abort(7, 70), stream_commit(7, 100, 130)});
  BOOST_REQUIRE(driver.parts.size() == 1U);
  BOOST_TEST(driver.parts[0].changes.size() == 505U);
  BOOST_TEST(driver.keys().find("gone") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(nested_savepoints_fall_one_abort_each_and_released_ones_stay) {  // reliability 106
  Driver driver;
  driver.feed({stream_start(7, true), relation(9, "t", {"id"}, 7), insert(9, {"top"}, 7), insert(9, {"outer"}, 71),
               insert(9, {"inner"}, 72), insert(9, {"released"}, 73), stream_stop(), stream_abort(7, 72),
               stream_abort(7, 71), stream_abort(7, 99),  // one that was never seen
               stream_start(7, false), relation(9, "t", {"id"}, 74), insert(9, {"again"}, 74), stream_stop(),
               stream_commit(7, 100, 130)});
  BOOST_TEST(driver.keys() == "top released again");
}

BOOST_AUTO_TEST_CASE(a_relation_first_described_by_a_rolled_back_subtransaction_still_counts) {
  Driver driver;
  driver.feed({stream_start(7, true), relation(9, "t", {"id"}, 70), insert(9, {"gone"}, 70), insert(9, {"1"}, 7),
               stream_stop(), stream_abort(7, 70), stream_commit(7, 100, 130)});
  BOOST_TEST(driver.keys() == "1");
}

BOOST_AUTO_TEST_CASE(a_transaction_rolled_back_whole_leaves_nothing) {  // reliability 109
  Driver driver;
  driver.feed(
      {stream_start(7, true), relation(9, "t", {"id"}, 7), insert(9, {"1"}, 7), stream_stop(), stream_abort(7, 7)});
  BOOST_TEST(driver.held.held_bytes() == 0U);
  BOOST_TEST(driver.assembler.counters().aborted_transactions == 1U);
  // What it was told is forgotten: the source describes the relation again.
  driver.feed(begin(100));
  EXPECT_ERROR(driver.feed(insert(9, {"1"})), Protocol);
}

BOOST_AUTO_TEST_CASE(a_relation_first_described_in_a_committed_block_holds_for_the_session) {  // reliability 107
  Driver driver;
  driver.feed({stream_start(7, true), relation(9, "t", {"id"}, 7), insert(9, {"1"}, 7), stream_stop(),
               stream_commit(7, 100, 130), begin(200), insert(9, {"2"}), commit(200, 230)});
  BOOST_TEST(driver.keys() == "1 2");
  BOOST_TEST(driver.parts[0].changes[0].relation == driver.parts[1].changes[0].relation);
}

BOOST_AUTO_TEST_CASE(each_row_is_read_by_the_columns_of_its_moment) {  // reliability 108
  Driver driver;
  driver.feed({begin(50), relation(9, "t", {"id"}), insert(9, {"0"}), commit(50, 60), stream_start(7, true),
               relation(9, "t", {"id"}, 7), insert(9, {"1"}, 7), relation(9, "t", {"id", "added"}, 70),
               insert(9, {"gone", "x"}, 70), stream_stop(), stream_abort(7, 70), stream_start(7, false),
               relation(9, "t", {"id"}, 7), insert(9, {"2"}, 7), relation(9, "t", {"id", "other"}, 71),
               insert(9, {"3", "y"}, 71), stream_stop(),
               // Meanwhile the altered table is visible to that transaction only.
               begin(90), insert(9, {"4"}), commit(90, 95), stream_commit(7, 100, 130), begin(200),
               insert(9, {"5", "z"}), commit(200, 230)});
  BOOST_TEST(driver.keys() == "0 4 1 2 3 5");
  const auto& changes = driver.parts.at(2).changes;
  BOOST_TEST(changes[0].relation->columns.size() == 1U);
  BOOST_TEST(changes[1].relation->columns.size() == 1U);
  BOOST_TEST(changes[2].relation->columns[1].name == "other");
}

BOOST_AUTO_TEST_CASE(a_description_older_than_the_sessions_does_not_replace_it_at_commit) {
  Driver driver;
  // The schema is renamed by another transaction between the block and its commit: no lock prevents that.
  driver.feed({stream_start(7, true), relation(9, "old_name", {"id"}, 7), insert(9, {"1"}, 7), stream_stop(), begin(50),
               relation(9, "new_name", {"id"}), insert(9, {"2"}), commit(50, 60), stream_commit(7, 100, 130),
               begin(200), insert(9, {"3"}), commit(200, 230)});
  BOOST_TEST(driver.parts.at(1).changes[0].relation->name.name == "old_name");
  BOOST_TEST(driver.parts.at(2).changes[0].relation->name.name == "new_name");
}

BOOST_AUTO_TEST_CASE(a_change_in_a_block_needs_a_description_in_its_own_transaction) {
  Driver driver;
  driver.feed(
      {begin(50), relation(9, "t", {"id"}), commit(50, 60), stream_start(7, true), insert(9, {"1"}, 7), stream_stop()});
  EXPECT_ERROR(driver.feed(stream_commit(7, 100, 130)), Protocol);
}

BOOST_AUTO_TEST_CASE(a_committed_transaction_is_read_back_in_bounded_pieces) {
  Driver driver{core::Lsn{1}, {2, 1U << 20U}};
  driver.feed({stream_start(7, true), relation(9, "t", {"id"}, 7)});
  for (int row = 1; row <= 5; ++row) driver.feed(insert(9, {std::to_string(row)}, 7));
  driver.feed({stream_stop(), stream_commit(7, 100, 130)});
  BOOST_REQUIRE(driver.parts.size() == 3U);
  BOOST_TEST(driver.parts[0].is_first);
  BOOST_TEST(!driver.parts[0].is_last);
  BOOST_TEST(!driver.parts[1].is_first);
  BOOST_TEST(driver.parts[2].is_last);
  BOOST_TEST(driver.parts[2].end_lsn.lsn.bytes() == 130U);
  BOOST_TEST(driver.keys() == "1 2 3 4 5");
}

BOOST_AUTO_TEST_CASE(what_was_handed_on_is_held_until_it_is_applied) {
  Driver driver;
  driver.feed({stream_start(7, true), relation(9, "t", {"id"}, 7), insert(9, {"1"}, 7), stream_stop(),
               stream_commit(7, 100, 130)});
  BOOST_TEST(driver.parts.size() == 1U);
  driver.assembler.release_applied(core::Lsn{129});
  BOOST_TEST(driver.held.held_bytes() > 0U);
  driver.assembler.release_applied(core::Lsn{130});
  BOOST_TEST(driver.held.held_bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(a_transaction_before_the_checkpoint_is_dropped_unread) {
  Driver driver{core::Lsn{150}};
  driver.feed({stream_start(7, true), relation(9, "t", {"id"}, 7), insert(9, {"1"}, 7), stream_stop(),
               stream_commit(7, 100, 130)});
  BOOST_TEST(driver.parts.empty());
  BOOST_TEST(driver.held.held_bytes() == 0U);
  BOOST_TEST(driver.assembler.counters().skipped_transactions == 1U);
  // But the source counts what it described in it as known.
  driver.feed({begin(200), insert(9, {"2"}), commit(200, 230)});
  BOOST_TEST(driver.keys() == "2");
}

BOOST_AUTO_TEST_CASE(a_new_session_discards_what_the_old_one_held) {  // reliability 64, 110
  replication::MemoryHeldTransactions held;
  {
    replication::Assembler lost{held, core::Lsn{1}};
    for (const std::string& payload : {stream_start(7, true), relation(9, "t", {"id"}, 7), insert(9, {"1"}, 7)})
      lost.feed(payload);
    BOOST_TEST(held.held_bytes() > 0U);
  }
  const replication::Assembler next{held, core::Lsn{1}};
  BOOST_TEST(held.held_bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(a_first_block_of_a_known_transaction_replaces_what_was_held) {
  Driver driver;
  driver.feed({stream_start(7, true), relation(9, "t", {"id"}, 7), insert(9, {"1"}, 7), stream_stop(),
               stream_start(7, true), relation(9, "t", {"id"}, 7), insert(9, {"1"}, 7), insert(9, {"2"}, 7),
               stream_stop(), stream_commit(7, 100, 130)});
  BOOST_TEST(driver.keys() == "1 2");
}

BOOST_AUTO_TEST_CASE(empty_blocks_and_empty_transactions_are_fine) {  // reliability 145
  Driver driver;
  driver.feed(
      {stream_start(7, true), stream_stop(), stream_start(7, false), stream_stop(), stream_commit(7, 100, 130)});
  BOOST_REQUIRE(driver.parts.size() == 1U);
  BOOST_TEST(driver.parts[0].changes.empty());
  BOOST_TEST(driver.parts[0].end_lsn.lsn.bytes() == 130U);
}

BOOST_AUTO_TEST_CASE(messages_and_truncates_are_held_in_their_place) {  // reliability 144
  Driver driver;
  driver.feed({message(false, "overtakes"), stream_start(7, true), relation(8, "a", {"id"}, 7),
               relation(9, "b", {"id"}, 7), insert(8, {"1"}, 7), message(true, "kept", 7), message(true, "gone", 70),
               truncate({8, 9}, 0, 7), stream_stop(), stream_abort(7, 70), stream_commit(7, 100, 130)});
  BOOST_TEST(driver.keys() == "1 truncate:a truncate:b");
  BOOST_REQUIRE(driver.parts.at(0).messages.size() == 1U);
  BOOST_TEST(driver.parts[0].messages[0].content == "kept");
}

BOOST_AUTO_TEST_CASE(a_stray_abort_is_counted_and_harmless) {  // reliability 63
  Driver driver;
  driver.feed({stream_abort(7, 7), stream_abort(8, 80)});
  BOOST_TEST(driver.assembler.counters().stray_aborts == 2U);
}

BOOST_AUTO_TEST_CASE(what_breaks_the_order_of_blocks_is_an_error) {  // reliability 145
  const std::vector<std::vector<std::string>> sessions = {
      {stream_start(7, false)},
      {stream_commit(7, 100, 130)},
      {stream_start(7, true), stream_start(8, true)},
      {stream_start(7, true), begin(100)},
      {stream_start(7, true), commit(100, 130)},
      {stream_start(7, true), stream_commit(7, 100, 130)},
      {stream_start(7, true), stream_abort(7, 7)},
      {stream_start(7, true), "Z"},
      {stream_start(7, true), "I"},
      {stream_start(7, true), stream_stop(), stream_stop()},
      {stream_start(7, true), stream_stop(), stream_commit(7, 100, 100)},
      {stream_start(7, true), stream_stop(), stream_abort(7, 7), stream_start(7, false)},
      {stream_start(7, true), stream_stop(), begin(100), commit(100, 130), stream_commit(7, 90, 95)},
      {stream_start(7, true), relation(9, "t", {"id"}, 7), insert(9, {"1", "2"}, 7), stream_stop(),
       stream_commit(7, 100, 130)},
  };
  for (const std::vector<std::string>& session : sessions) {
    Driver driver;
    for (std::size_t index = 0; index + 1 < session.size(); ++index) driver.feed(session[index]);
    EXPECT_ERROR(driver.feed(session.back()), Protocol);
  }
}

BOOST_AUTO_TEST_CASE(a_payload_that_found_no_room_can_be_fed_again) {  // reliability 65
  FullDisk held;
  replication::Assembler assembler{held, core::Lsn{1}};
  for (const std::string& payload : {stream_start(7, true), relation(9, "t", {"id"}, 7), insert(9, {"1"}, 7)}) {
    assembler.feed(payload);
  }
  held.is_full = true;
  EXPECT_ERROR(assembler.feed(insert(9, {"2"}, 7)), State);
  EXPECT_ERROR(assembler.feed(insert(9, {"2"}, 7)), State);
  held.is_full = false;
  for (const std::string& payload : {insert(9, {"2"}, 7), stream_stop(), stream_commit(7, 100, 130)})
    assembler.feed(payload);
  const auto part = assembler.next();
  BOOST_REQUIRE(part.has_value());
  BOOST_TEST(Driver::keys(*part) == "1 2");
}

BOOST_AUTO_TEST_CASE(a_captured_session_gives_what_was_committed) {  // reliability 105, 106, 109
  Driver driver;
  driver.feed(fixture::load("streamed"));
  std::string expected = "1";                                                    // small, in between
  for (int row = 101; row <= 116; ++row) expected += " " + std::to_string(row);  // b commits first
  expected += " 2";                                                              // small again
  for (int row = 1; row <= 14; ++row) expected += " " + std::to_string(row);     // a, before its savepoint
  for (int row = 41; row <= 44; ++row) expected += " " + std::to_string(row);    // a, after rolling back to it
  expected += " 300";                                                            // the last one
  BOOST_TEST(driver.keys() == expected);
  BOOST_TEST(driver.assembler.counters().streamed_transactions == 2U);
  BOOST_TEST(driver.assembler.counters().aborted_transactions == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
