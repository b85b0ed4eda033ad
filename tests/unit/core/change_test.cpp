#include "core/change.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "core/row_status.hpp"
#include "core/transaction.hpp"

namespace {

core::Row row_of(std::size_t bytes) {
  const std::string text(bytes, 'x');
  const core::Value value = core::Value::of(text);
  return core::make_row({&value, 1});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(changes)

BOOST_AUTO_TEST_CASE(a_change_is_as_large_as_all_the_rows_that_it_holds) {
  const core::Change truncate{nullptr, core::Truncate{}};
  const std::size_t overhead = truncate.bytes();
  const std::size_t row = row_of(1000).bytes().size();
  BOOST_TEST((core::Change{nullptr, core::Insert{row_of(1000)}}.bytes()) == overhead + row);
  BOOST_TEST((core::Change{nullptr, core::Update{{}, row_of(1000)}}.bytes()) == overhead + row);
  BOOST_TEST((core::Change{nullptr, core::Update{core::OldRow{core::OldRow::Extent::Full, row_of(1000)}, row_of(1000)}}
                  .bytes()) == overhead + 2 * row);
  BOOST_TEST((core::Change{nullptr, core::Delete{{core::OldRow::Extent::Key, row_of(1000)}}}.bytes()) ==
             overhead + row);
}

BOOST_AUTO_TEST_CASE(a_transaction_is_as_large_as_its_changes_and_messages) {
  core::TransactionPart part;
  const std::size_t empty = part.bytes();
  part.changes.push_back({nullptr, core::Insert{row_of(1000)}});
  part.messages.push_back({"prefix", "content"});
  BOOST_TEST(part.bytes() == empty + part.changes[0].bytes() + 13);
}

BOOST_AUTO_TEST_CASE(counters_balance_when_every_row_has_a_status) {
  BOOST_TEST((core::RouteCounters{10, 4, 3, 2, 1}.is_balanced()));
  BOOST_TEST(!(core::RouteCounters{10, 4, 3, 2, 0}.is_balanced()));
  BOOST_TEST(core::RouteCounters{}.is_balanced());
}

BOOST_AUTO_TEST_CASE(statuses_have_the_names_that_operators_read) {
  using core::RowStatus;
  BOOST_TEST(core::to_string(RowStatus::None) == "none");
  BOOST_TEST(core::to_string(RowStatus::Applied) == "applied");
  BOOST_TEST(core::to_string(RowStatus::Filtered) == "filtered");
  BOOST_TEST(core::to_string(RowStatus::Parked) == "parked");
  BOOST_TEST(core::to_string(RowStatus::Quarantined) == "quarantined");
}

BOOST_AUTO_TEST_SUITE_END()
