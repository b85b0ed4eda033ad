#include "core/type_change.hpp"

#include <boost/test/unit_test.hpp>

using core::ColumnType;
using core::keeps_values;

BOOST_AUTO_TEST_SUITE(type_changes)

namespace {

constexpr core::Oid kInt4{23};
constexpr core::Oid kInt8{20};
constexpr core::Oid kText{25};
constexpr core::Oid kBpchar{1042};
constexpr core::Oid kVarchar{1043};
constexpr core::Oid kTimestamp{1114};
constexpr core::Oid kTimestamptz{1184};
constexpr core::Oid kNumeric{1700};

ColumnType varchar(int length) { return {kVarchar, length + 4}; }
ColumnType numeric(int precision, int scale) { return {kNumeric, ((precision << 16) | scale) + 4}; }

}  // namespace

// The server rewrites nothing in these cases (varchar_support, numeric_support and their like say so).
BOOST_AUTO_TEST_CASE(wider_types_keep_every_value) {
  BOOST_TEST(keeps_values({kInt4}, {kInt4}));
  BOOST_TEST(keeps_values(varchar(10), varchar(20)));
  BOOST_TEST(keeps_values(varchar(10), {kVarchar}));
  BOOST_TEST(keeps_values(varchar(10), {kText}));
  BOOST_TEST(keeps_values({kText}, {kVarchar}));
  BOOST_TEST(keeps_values(numeric(10, 2), numeric(12, 2)));
  BOOST_TEST(keeps_values(numeric(10, 2), {kNumeric}));
  BOOST_TEST(keeps_values({kTimestamp, 3}, {kTimestamp, 6}));
  BOOST_TEST(keeps_values({kTimestamp, 3}, {kTimestamp}));
}

BOOST_AUTO_TEST_CASE(narrower_and_other_types_may_not) {
  BOOST_TEST(!keeps_values(varchar(20), varchar(10)));
  BOOST_TEST(!keeps_values({kVarchar}, varchar(10)));
  BOOST_TEST(!keeps_values({kText}, varchar(10)));
  BOOST_TEST(!keeps_values({kBpchar, 14}, {kBpchar, 24}));    // padded
  BOOST_TEST(!keeps_values(numeric(10, 2), numeric(12, 4)));  // 1.50 becomes 1.5000
  BOOST_TEST(!keeps_values(numeric(10, 2), numeric(8, 2)));
  BOOST_TEST(!keeps_values({kNumeric}, numeric(8, 2)));
  BOOST_TEST(!keeps_values({kTimestamp}, {kTimestamptz}));
  BOOST_TEST(!keeps_values({kTimestamp, 6}, {kTimestamp, 3}));
  BOOST_TEST(!keeps_values({kInt4}, {kInt8}));
  BOOST_TEST(!keeps_values({kInt4}, {kText}));
}

BOOST_AUTO_TEST_SUITE_END()
