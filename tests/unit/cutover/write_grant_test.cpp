#include "cutover/write_grant.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace {

using cutover::WriteGrant;

WriteGrant grant(const std::string& grantor, const std::string& grantee, bool is_grantable = false) {
  return {.table = "public.t",
          .column = "",
          .privilege = "INSERT",
          .grantee = grantee,
          .grantor = grantor,
          .is_owners = grantor == "owner",
          .is_grantable = is_grantable};
}

std::string order_of(std::vector<WriteGrant> grants) {
  std::string text;
  for (const WriteGrant& one : cutover::in_order_of_granting(std::move(grants)))
    text += one.grantor + ">" + one.grantee + " ";
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(write_grant)

BOOST_AUTO_TEST_CASE(a_right_is_given_back_when_its_grantor_has_it_again) {
  BOOST_TEST(order_of({grant("b", "c"), grant("a", "b", true), grant("owner", "a", true), grant("owner", "d")}) ==
             "owner>a owner>d a>b b>c ");
}

BOOST_AUTO_TEST_CASE(a_right_whose_grantor_has_it_from_nobody_comes_last_and_is_not_lost) {
  BOOST_TEST(order_of({grant("stranger", "c"), grant("owner", "a")}) == "owner>a stranger>c ");
}

BOOST_AUTO_TEST_CASE(statements_name_columns_and_grant_options) {
  WriteGrant one = grant("owner", "PUBLIC");
  BOOST_TEST(one.grant_sql() == "GRANT INSERT ON public.t TO PUBLIC");
  BOOST_TEST(one.revoke_sql() == "REVOKE INSERT ON public.t FROM PUBLIC CASCADE");
  one = grant("owner", "\"Boss\"", true);
  one.column = "\"Name\"";
  BOOST_TEST(one.grant_sql() == "GRANT INSERT (\"Name\") ON public.t TO \"Boss\" WITH GRANT OPTION");
}

BOOST_AUTO_TEST_CASE(what_the_journal_keeps_is_read_again) {
  const std::vector<WriteGrant> grants = {grant("owner", "a", true), grant("a", "b")};
  const auto json = nlohmann::json::parse(cutover::to_json(grants).dump());
  const std::vector<WriteGrant> read = cutover::write_grants_of(json);
  BOOST_TEST_REQUIRE(read.size() == 2U);
  BOOST_TEST(read[0].is_owners);
  BOOST_TEST(read[0].is_grantable);
  BOOST_TEST(read[1].grantor == "a");
}

BOOST_AUTO_TEST_SUITE_END()
