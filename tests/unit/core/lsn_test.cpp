#include "core/lsn.hpp"

#include <boost/test/unit_test.hpp>

using core::CommitLsn;
using core::Lsn;

BOOST_AUTO_TEST_SUITE(lsn)

BOOST_AUTO_TEST_CASE(text_and_number_are_the_same_position) {
  BOOST_TEST(Lsn::parse("16/B374D848").value().bytes() == 0x16B374D848ULL);
  BOOST_TEST(Lsn(0x16B374D848ULL).to_string() == "16/B374D848");
  BOOST_TEST(Lsn::parse("ffffffff/ffffffff").value().bytes() == ~0ULL);
  BOOST_TEST(Lsn(~0ULL).to_string() == "FFFFFFFF/FFFFFFFF");
  BOOST_TEST(Lsn::parse("0/0").value().bytes() == 0U);
  BOOST_TEST(Lsn::parse("00000001/00000010").value().bytes() == 0x100000010ULL);
}

BOOST_AUTO_TEST_CASE(what_is_no_position_is_refused) {
  for (const char* text : {"", "/", "1/", "/1", "16B374D848", "1/2/3", "g/1", "1/g", "1 /2", " 1/2", "1/2 ", "-1/2",
                           "+1/2", "0x1/2", "123456789/0", "0/123456789"}) {
    BOOST_TEST(!Lsn::parse(text).has_value(), "'" << text << "' was taken for an LSN");
  }
}

BOOST_AUTO_TEST_CASE(no_position_is_not_valid_and_comes_before_all_others) {
  BOOST_TEST(!Lsn{}.is_valid());
  BOOST_TEST(Lsn{1}.is_valid());
  BOOST_TEST((Lsn{} < Lsn{1}));
  BOOST_TEST((Lsn{0xFFFFFFFFULL} < Lsn{0x100000000ULL}));  // 0/FFFFFFFF < 1/0: not the order of the texts
}

BOOST_AUTO_TEST_CASE(a_position_contains_the_transactions_whose_commit_starts_before_it) {
  BOOST_TEST(core::contains(Lsn{100}, CommitLsn{Lsn{99}}));
  BOOST_TEST(!core::contains(Lsn{100}, CommitLsn{Lsn{100}}));
  BOOST_TEST(!core::contains(Lsn{100}, CommitLsn{Lsn{101}}));
  BOOST_TEST(!core::contains(Lsn{}, CommitLsn{Lsn{1}}));
}

BOOST_AUTO_TEST_SUITE_END()
