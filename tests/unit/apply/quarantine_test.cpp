#include "apply/quarantine.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/unit/apply/fixture.hpp"

using apply::QuarantineChanges;
using apply::RouteRow;

namespace {

const RouteRow kRow{core::RouteId{0}, tests::number(1)};

}  // namespace

BOOST_AUTO_TEST_SUITE(quarantine_changes)

BOOST_AUTO_TEST_CASE(the_last_word_on_a_row_counts) {
  QuarantineChanges changes;
  changes.refuse(kRow, tests::row_of({"1"}), {"data", "22003", "too large", "make it smaller"});
  BOOST_TEST(changes.is_refused_now(kRow));
  changes.resolve(kRow, "applied");
  BOOST_TEST(!changes.is_refused_now(kRow));
  BOOST_TEST(changes.refused.empty());
  BOOST_TEST(changes.resolved.at(kRow) == "applied");
  changes.refuse(kRow, tests::row_of({"1"}), {"data", "22003", "too large", "make it smaller"});
  BOOST_TEST(changes.resolved.empty());
}

BOOST_AUTO_TEST_CASE(a_row_that_changes_behind_its_quarantine_keeps_its_reason) {
  QuarantineChanges changes;
  changes.renew(kRow, tests::row_of({"new"}));
  BOOST_TEST(!changes.is_refused_now(kRow));  // it was refused by an earlier batch
  BOOST_TEST(!changes.is_empty());
  changes.refuse(kRow, tests::row_of({"1"}), {"data", "22003", "too large", "make it smaller"});
  changes.renew(kRow, tests::row_of({"newer"}));
  BOOST_TEST(changes.is_refused_now(kRow));
  BOOST_TEST(changes.refused.at(kRow).image[0].text == "newer");
}

BOOST_AUTO_TEST_CASE(a_refusal_says_what_to_do_about_it) {
  for (const char* sqlstate : {"23502", "23503", "23505", "23514", "22001", "P0001"}) {
    const auto refusal = apply::refusal_of(
        core::Error(core::ErrorKind::Data, "the target says no").with("constraint", "some_check").sqlstate(sqlstate));
    BOOST_TEST(refusal.sqlstate == sqlstate);
    BOOST_TEST(refusal.remedy.find("agent quarantine retry") != std::string::npos);
    BOOST_TEST(refusal.message.find("constraint=some_check") != std::string::npos);
    BOOST_TEST(!refusal.category.empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()
