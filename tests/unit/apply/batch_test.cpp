#include "apply/batch.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "core/error.hpp"
#include "tests/unit/apply/fixture.hpp"

using core::OldRow;
using tests::BatchFixture;
using tests::kUnchanged;
using tests::row_of;

namespace {

bool is_refused(const core::Error& error) {
  return error.kind() == core::ErrorKind::Refused && !error.remedy().empty();
}

std::optional<std::string> some(const char* text) { return text; }

}  // namespace

BOOST_AUTO_TEST_SUITE(batches)

BOOST_AUTO_TEST_CASE(the_last_image_of_a_row_counts) {  // reliability 73
  BatchFixture batch;
  batch.insert({"1", "a", "x"});
  batch.update({"1", "b", "x"});
  batch.remove(1);
  batch.insert({"1", "c", "y"});
  BOOST_TEST((batch.row(1) == some("c|y")));
  const auto touched = batch.batch->take_touched();
  BOOST_TEST(touched.size() == 1U);
  BOOST_TEST(!touched[0].second.has_value());  // was not there before
  BOOST_TEST(batch.batch->take_touched().empty());
}

BOOST_AUTO_TEST_CASE(a_touched_row_is_remembered_as_it_was_before_the_batch) {
  BatchFixture batch;
  batch.keep(1, "before", "x");
  batch.update({"1", "a", "x"});
  batch.remove(1);
  const auto touched = batch.batch->take_touched();
  BOOST_REQUIRE(touched.size() == 1U);
  BOOST_REQUIRE(touched[0].second.has_value());
  BOOST_TEST((touched[0].second->statuses[0] == core::RowStatus::Applied));
  BOOST_TEST(!batch.row(1).has_value());
}

BOOST_AUTO_TEST_CASE(an_update_that_changes_nothing_touches_nothing) {
  BatchFixture batch;
  batch.keep(1, "same", "x");
  batch.update({"1", "same", "x"});
  BOOST_TEST(batch.batch->take_touched().empty());
}

BOOST_AUTO_TEST_CASE(unchanged_values_come_from_the_stored_row) {  // reliability 69
  BatchFixture batch;
  batch.keep(1, "a", "large");
  batch.update({"1", "b", kUnchanged});
  BOOST_TEST((batch.row(1) == some("b|large")));
}

BOOST_AUTO_TEST_CASE(unchanged_values_come_from_an_earlier_change_of_the_batch) {  // reliability 70
  BatchFixture batch;
  batch.insert({"1", "a", "large"});
  batch.update({"1", "b", kUnchanged});
  BOOST_TEST((batch.row(1) == some("b|large")));
}

BOOST_AUTO_TEST_CASE(unchanged_values_come_from_a_full_old_row_even_when_the_row_was_never_seen) {  // reliability 70
  BatchFixture batch;
  batch.update({"1", "b", kUnchanged}, OldRow{OldRow::Extent::Full, row_of({"1", "a", "large"})});
  BOOST_TEST((batch.row(1) == some("b|large")));
}

BOOST_AUTO_TEST_CASE(the_placeholders_of_an_old_key_are_no_values) {
  BatchFixture batch;
  batch.keep(1, "a", "large");
  batch.update({"1", "b", kUnchanged}, OldRow{OldRow::Extent::Key, row_of({"1", {}, {}})});
  BOOST_TEST((batch.row(1) == some("b|large")));
}

BOOST_AUTO_TEST_CASE(an_update_of_a_row_never_seen_is_refused_unless_it_is_whole) {
  BatchFixture batch;
  BOOST_CHECK_EXCEPTION(batch.update({"1", "b", kUnchanged}), core::Error, is_refused);
  batch.update({"1", "b", "whole"});
  BOOST_TEST((batch.row(1) == some("b|whole")));
}

BOOST_AUTO_TEST_CASE(an_unchanged_key_without_the_old_one_is_refused) {  // reliability 71
  BatchFixture batch;
  BOOST_CHECK_EXCEPTION(batch.update({kUnchanged, "b", "x"}), core::Error, is_refused);
}

BOOST_AUTO_TEST_CASE(a_column_that_is_gone_stops_with_table_column_and_position) {  // reliability 93
  BatchFixture batch;
  batch.keep(1, "a", "x");
  batch.person = tests::relation({"id", "name"});
  BOOST_CHECK_EXCEPTION(batch.insert({"2", "b"}), core::Error, [](const core::Error& error) {
    return is_refused(error) && error.context("table") == "person" && error.context("column") == "body" &&
           error.context("lsn") == "0/3E8";
  });
  BOOST_CHECK_EXCEPTION(batch.truncate(), core::Error, is_refused);
  BOOST_TEST((batch.row(1) == some("a|x")));
  BOOST_TEST(!batch.row(2).has_value());
}

// The log may be of an older schema than the mapping was compiled for; what was read since makes up for it.
BOOST_AUTO_TEST_CASE(rows_of_another_schema_are_skipped_where_the_whole_table_was_read_since) {  // reliability 94
  BatchFixture partly;
  partly.person = tests::relation({"id", "name"});
  partly.copied_at(core::Lsn{1001}, 10);  // the rest is older
  BOOST_CHECK_EXCEPTION(partly.insert({"1", "b"}), core::Error, is_refused);
  BatchFixture batch;
  batch.keep(1, "copied", "x");
  batch.person = tests::relation({"id", "name"});
  batch.copied_at(core::Lsn{1001});
  batch.insert({"1", "older"});
  batch.truncate();
  BOOST_TEST((batch.row(1) == some("copied|x")));
  BOOST_TEST(batch.batch->skipped() == 2U);
}

BOOST_AUTO_TEST_CASE(a_key_that_changes_is_a_delete_and_an_insert) {  // reliability 72
  BatchFixture batch;
  batch.keep(1, "a", "large");
  batch.update({"2", "b", kUnchanged}, OldRow{OldRow::Extent::Key, row_of({"1", {}, {}})});
  BOOST_TEST(!batch.row(1).has_value());
  BOOST_TEST((batch.row(2) == some("b|large")));
  BOOST_TEST(batch.batch->take_touched().size() == 2U);
}

// A snapshot that is resumed reads the rest under a later moment: what left it before, for a range that was read earlier, nobody has read.
BOOST_AUTO_TEST_CASE(a_row_that_moved_into_what_was_copied_already_is_not_lost) {  // reliability 72
  BatchFixture batch;
  batch.copied_at(core::Lsn{500}, 100, core::Lsn{2000});
  const OldRow was{OldRow::Extent::Key, row_of({"250", {}, {}})};
  BOOST_CHECK_EXCEPTION(batch.update({"5", "b", kUnchanged}, was), core::Error, [](const core::Error& error) {
    return is_refused(error) && error.context("table") == "person" && error.context("key") == "5";
  });
  batch.update({"5", "b", "whole"}, was);
  BOOST_TEST((batch.row(5) == some("b|whole")));
}

BOOST_AUTO_TEST_CASE(what_the_snapshot_of_a_chunk_holds_is_skipped) {
  BatchFixture batch;
  batch.copied_at(core::Lsn{1001});
  batch.keep(1, "copied", "x");
  batch.update({"1", "older", "x"});
  batch.remove(1);
  batch.insert({"2", "older", "x"});
  BOOST_TEST((batch.row(1) == some("copied|x")));
  BOOST_TEST(!batch.row(2).has_value());
  BOOST_TEST(batch.batch->skipped() == 3U);
  batch.commit = core::CommitLsn{core::Lsn{1001}};  // starts at the snapshot's position: not in it
  batch.update({"1", "newer", "x"});
  BOOST_TEST((batch.row(1) == some("newer|x")));
}

BOOST_AUTO_TEST_CASE(each_half_of_a_key_change_is_judged_by_its_own_chunk) {  // reliability 179
  BatchFixture batch;
  batch.copied_at(core::Lsn{2000}, 10);  // keys below 10; the rest was copied under no later snapshot
  batch.keep(5, "kept", "x");
  batch.update({"50", "moved", "y"}, OldRow{OldRow::Extent::Key, row_of({"5", {}, {}})});
  BOOST_TEST((batch.row(5) == some("kept|x")));  // the later snapshot saw another row under this key
  BOOST_TEST((batch.row(50) == some("moved|y")));
  batch.keep(60, "b", "z");
  batch.update({"6", "moved", "z"}, OldRow{OldRow::Extent::Key, row_of({"60", {}, {}})});
  BOOST_TEST(!batch.row(60).has_value());
  BOOST_TEST(!batch.row(6).has_value());
}

BOOST_AUTO_TEST_CASE(a_truncate_deletes_every_row_also_those_of_the_batch) {  // reliability 83
  BatchFixture batch;
  batch.keep(1, "a", "x");
  batch.insert({"2", "b", "x"});
  batch.truncate();
  batch.insert({"3", "c", "x"});
  BOOST_TEST(!batch.row(1).has_value());
  BOOST_TEST(!batch.row(2).has_value());
  BOOST_TEST((batch.row(3) == some("c|x")));
}

BOOST_AUTO_TEST_CASE(a_truncate_leaves_what_a_later_snapshot_holds) {  // reliability 179
  BatchFixture batch;
  batch.copied_at(core::Lsn{2000}, 10);
  batch.keep(1, "copied after it", "x");
  batch.keep(20, "older", "x");
  batch.truncate();
  BOOST_TEST((batch.row(1) == some("copied after it|x")));
  BOOST_TEST(!batch.row(20).has_value());
}

BOOST_AUTO_TEST_CASE(a_route_may_keep_its_rows_when_the_source_truncates) {
  BatchFixture batch{"keep"};
  batch.keep(1, "a", "x");
  batch.truncate();
  BOOST_TEST((batch.row(1) == some("a|x")));
}

BOOST_AUTO_TEST_CASE(a_route_may_forbid_truncates) {
  BatchFixture batch{"stop"};
  batch.keep(1, "a", "x");
  BOOST_CHECK_EXCEPTION(batch.truncate(), core::Error, [](const core::Error& error) {
    return is_refused(error) && error.context("route") == "people";
  });
  BOOST_TEST((batch.row(1) == some("a|x")));
}

BOOST_AUTO_TEST_CASE(tables_that_the_mapping_does_not_read_are_passed_over) {
  BatchFixture batch;
  batch.batch->add({tests::relation({"id"}, "other"), core::Insert{row_of({"1"})}}, batch.commit);
  batch.batch->add({tests::relation({"id"}, "other"), core::Truncate{}}, batch.commit);
  BOOST_TEST(batch.batch->take_touched().empty());
}

BOOST_AUTO_TEST_SUITE_END()
