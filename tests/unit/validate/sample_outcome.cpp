#include "tests/unit/validate/sample_outcome.hpp"

namespace tests {

namespace {

using validate::FindingKind;
using validate::Outcome;
using validate::RouteOutcome;

RouteOutcome route(const std::string& name, const std::string& from, std::int64_t matched) {
  RouteOutcome route;
  route.name = name;
  route.from = "public." + from;
  route.to = "public." + name;
  route.read = route.matched = matched;
  route.source_checksum = route.target_checksum = {0x1234567890ABCDEF, 0xFEDCBA0987654321};
  return route;
}

Outcome outcome() {
  Outcome outcome;
  outcome.lsn = core::Lsn{0x16B374D848};
  outcome.started_at = std::chrono::system_clock::from_time_t(1795417200);  // 2026-11-23 07:00 UTC
  outcome.seconds = 125;
  outcome.agent_version = "1.0.0";
  outcome.source_version = "10.23";
  outcome.target_version = "15.18";
  outcome.source_database = "dispatch at legacy.example:5432";
  outcome.target_database = "postgres at db.example:5432";
  outcome.actor = "ada@db7";
  return outcome;
}

}  // namespace

Outcome equal_outcome() {
  Outcome equal = outcome();
  equal.routes = {route("teams", "team", 10), route("people", "person", 4'387'754)};
  equal.routes[1].filtered = 12'000;
  equal.routes[1].read += 12'000;
  equal.reconcile.push_back(
      {.name = "headcount", .columns = {"count"}, .source = {{"4387754"}}, .target = {{"4387754"}}});
  equal.integrity.push_back({.table = "public.people", .name = "people_team_id_fkey"});
  return equal;
}

Outcome different_outcome() {
  Outcome different = outcome();
  RouteOutcome orders = route("orders", "dispatch_instruction", 100'000);
  orders.missing = 1'204;
  orders.different = 3;
  orders.extra = 2;
  orders.parked = 40;
  orders.quarantined = 7;
  orders.would_pass = 2;
  orders.accepted = 12;
  orders.filtered = 8'410;
  orders.foreign = 55;
  orders.kept = 9;
  orders.target_checksum.low = 1;
  const std::string id = "5b2f0d52-6e3a-5a7e-9d1c-0e6a4f1b2c3d";
  orders.examples = {
      {.route = "orders", .kind = FindingKind::Missing, .legacy_key = "4711", .target_key = {id}},
      {.route = "orders",
       .kind = FindingKind::Different,
       .legacy_key = "4712",
       .target_key = {id},
       .columns = {"status", "total"}},
      {.route = "orders", .kind = FindingKind::Extra, .legacy_key = "99", .target_key = {id}},
      {.route = "orders", .kind = FindingKind::Parked, .legacy_key = "5001", .note = "patient 12 is not on the target"},
      {.route = "orders",
       .kind = FindingKind::WouldPass,
       .legacy_key = "<b>evil</b> & sons",
       .note = "violates check constraint \"orders_total_check\""}};
  RouteOutcome patients = route("patients", "dispatch_patient", 812'345);
  RouteOutcome comments = route("plan_comments", "dispatch_comment", 20);
  comments.not_checked = "connection lost";
  different.routes = {std::move(orders), std::move(patients), std::move(comments)};
  different.reconcile.push_back({.name = "revenue",
                                 .columns = {"status", "sum"},
                                 .source = {{"open", "1200.50"}, {"paid", "99000.00"}, {"refunded", std::nullopt}},
                                 .target = {{"open", "1180.50"}, {"paid", "99000.00"}}});
  different.reconcile.push_back({.name = "per_month", .columns = {}, .not_checked = "the source's query failed"});
  different.accepted = {{.route = "orders",
                         .legacy_key = "314",
                         .kind = "upsert",
                         .at = "2026-11-20 16:40:07+00",
                         .actor = "grace@db7",
                         .reason = "<b>evil</b>: agreed with accounting, ticket 4711"},
                        {.route = "orders",
                         .legacy_key = "315",
                         .kind = "park",
                         .at = "2026-11-20 16:41:00+00",
                         .actor = "grace@db7",
                         .reason = "the patient was deleted in 2019"}};
  different.integrity.push_back(
      {.table = "public.orders", .name = "orders_patient_id_fkey", .violations = 2, .examples = {"4711", "4712"}});
  different.integrity.push_back(
      {.rule = validate::IntegrityOutcome::Rule::EntityUuid, .table = "public.patients", .name = "patient"});
  return different;
}

}  // namespace tests
