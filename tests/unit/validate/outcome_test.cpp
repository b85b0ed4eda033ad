#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "validate/outcome.hpp"
#include "validate/outcome_json.hpp"

namespace {

using validate::Outcome;
using validate::RouteOutcome;

RouteOutcome equal_route() {
  RouteOutcome route;
  route.name = "orders";
  route.from = "dispatch_instruction";
  route.to = "orders";
  route.read = 12;
  route.matched = 10;
  route.filtered = 2;
  route.source_checksum = route.target_checksum = {1, 2};
  return route;
}

Outcome outcome_of(RouteOutcome route) {
  Outcome outcome;
  outcome.lsn = core::Lsn{0x16B374D848};
  outcome.routes.push_back(std::move(route));
  return outcome;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(outcome)

BOOST_AUTO_TEST_CASE(an_outcome_without_differences_matches_and_is_complete) {
  const Outcome outcome = outcome_of(equal_route());
  BOOST_TEST(outcome.match());
  BOOST_TEST(outcome.is_complete());
}

// reliability 103
BOOST_AUTO_TEST_CASE(whatever_keeps_a_row_from_where_the_source_means_it_is_no_match) {
  for (auto member : {&RouteOutcome::missing, &RouteOutcome::different, &RouteOutcome::extra, &RouteOutcome::parked,
                      &RouteOutcome::quarantined}) {
    RouteOutcome route = equal_route();
    route.*member = 1;
    BOOST_TEST(!outcome_of(std::move(route)).match());
  }
  for (auto member : {&RouteOutcome::foreign, &RouteOutcome::kept, &RouteOutcome::accepted, &RouteOutcome::filtered,
                      &RouteOutcome::shared}) {
    RouteOutcome route = equal_route();
    route.*member = 1;
    BOOST_TEST(outcome_of(std::move(route)).match());
  }
}

BOOST_AUTO_TEST_CASE(what_nobody_looked_at_is_never_complete) {
  RouteOutcome route = equal_route();
  route.not_checked = "interrupted";
  BOOST_TEST(!outcome_of(route).is_complete());
  route.not_checked.clear();
  route.is_counted_only = true;
  BOOST_TEST(!outcome_of(route).is_complete());

  Outcome outcome = outcome_of(equal_route());
  outcome.reconcile.push_back({.name = "revenue", .columns = {}, .source = {}, .target = {}, .not_checked = "failed"});
  BOOST_TEST(!outcome.is_complete());
  BOOST_TEST(outcome.match());
  BOOST_TEST(outcome.all_not_checked().at(0).what == "reconcile revenue");
}

BOOST_AUTO_TEST_CASE(totals_and_broken_rules_of_the_target_count) {
  Outcome outcome = outcome_of(equal_route());
  outcome.reconcile.push_back({.name = "revenue", .columns = {}, .source = {{"1"}}, .target = {{std::nullopt}}});
  BOOST_TEST(!outcome.match());

  outcome = outcome_of(equal_route());
  outcome.integrity.push_back({.table = "orders", .name = "orders_patient_id_fkey", .violations = 1});
  BOOST_TEST(!outcome.match());
}

BOOST_AUTO_TEST_CASE(the_json_has_the_promised_fields) {
  RouteOutcome route = equal_route();
  route.different = 1;
  route.parked = 2;
  route.examples.push_back({.route = "orders",
                            .kind = validate::FindingKind::Different,
                            .legacy_key = "17",
                            .target_key = {"u"},
                            .columns = {"status"}});
  Outcome outcome = outcome_of(std::move(route));
  outcome.reconcile.push_back(
      {.name = "revenue", .columns = {"a", "b"}, .source = {{"x", std::nullopt}}, .target = {{"x", std::nullopt}}});

  const nlohmann::json json = to_json(outcome);
  BOOST_TEST(json.at("lsn") == "16/B374D848");
  BOOST_TEST(json.at("match") == false);
  BOOST_TEST(json.at("complete") == true);
  const auto& one = json.at("routes").at(0);
  BOOST_TEST(one.at("name") == "orders");
  BOOST_TEST(one.at("source_rows") == 13);
  BOOST_TEST(one.at("target_rows") == 11);
  BOOST_TEST(one.at("source_checksum") == "00000000000000010000000000000002");
  BOOST_TEST(one.at("target_checksum") == "00000000000000010000000000000002");
  for (const char* count : {"missing", "extra", "foreign", "kept", "quarantined"}) BOOST_TEST(one.at(count) == 0);
  BOOST_TEST(one.at("different") == 1);
  BOOST_TEST(one.at("parked") == 2);
  BOOST_TEST(one.at("match") == false);
  const auto& example = one.at("examples").at(0);
  BOOST_TEST(example.at("legacy_key") == "17");
  BOOST_TEST(example.at("kind") == "different");
  BOOST_TEST(example.at("columns") == nlohmann::json::array({"status"}));
  const auto& total = json.at("reconcile").at(0);
  BOOST_TEST(total.at("name") == "revenue");
  BOOST_TEST(total.at("source") == nlohmann::json::parse(R"([["x",null]])"));
  BOOST_TEST(total.at("match") == true);
}

BOOST_AUTO_TEST_CASE(numbers_alone_have_no_checksum) {
  RouteOutcome route = equal_route();
  route.is_counted_only = true;
  const nlohmann::json json = to_json(outcome_of(std::move(route)));
  BOOST_TEST(json.at("routes").at(0).at("source_checksum") == "");
  BOOST_TEST(json.at("complete") == false);
}

BOOST_AUTO_TEST_SUITE_END()
