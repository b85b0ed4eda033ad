#include "agent/status_report.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "core/error.hpp"

namespace {

agent::StatusReport report() {
  agent::StatusReport report;
  report.phase = agent::Phase::Streaming;
  report.source_lsn = core::Lsn(0x2000);
  report.applied_lsn = core::Lsn(0x1000);
  report.lag_seconds = 1.5;
  report.slot = {.name = "dispatch_sync", .wal_status = "reserved", .safe_wal_size = 4096};
  report.origins = {{"pg_16384", 1234}};
  report.routes.push_back({.name = "orders",
                           .from = "dispatch_instruction",
                           .to = "orders",
                           .counters = {.read = 10, .applied = 6, .filtered = 2, .parked = 1, .quarantined = 1},
                           .is_snapshot_done = true});
  return report;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(status_report)

BOOST_AUTO_TEST_CASE(the_report_has_the_promised_json_shape) {
  BOOST_TEST(
      agent::to_json(report()).dump() ==
      R"({"phase":"streaming","source_lsn":"0/2000","applied_lsn":"0/1000","lag_bytes":4096,"lag_seconds":1.5,)"
      R"("slot":{"name":"dispatch_sync","wal_status":"reserved","safe_wal_size":4096},"origins":{"pg_16384":1234},"balanced":true,)"
      R"("routes":[{"name":"orders","from":"dispatch_instruction","to":"orders","read":10,"applied":6,"filtered":2,)"
      R"("parked":1,"quarantined":1,"snapshot_done":true}]})");
}

BOOST_AUTO_TEST_CASE(a_report_survives_the_way_over_the_socket) {
  BOOST_TEST(agent::to_json(agent::status_from_json(agent::to_json(report()))).dump() ==
             agent::to_json(report()).dump());
  BOOST_CHECK_EXCEPTION(agent::status_from_json({{"phase", "streaming"}}), core::Error,
                        [](const core::Error& error) { return error.kind() == core::ErrorKind::State; });
}

// reliability 156
BOOST_AUTO_TEST_CASE(a_slot_in_danger_is_shown_with_the_time_that_it_has) {
  agent::StatusReport endangered = report();
  endangered.slot.lost_in_seconds = 754;
  BOOST_TEST(agent::to_json(endangered)["slot"]["lost_in_seconds"] == 754);
  BOOST_TEST(agent::to_text(agent::status_from_json(agent::to_json(endangered)))
                 .find("slot dispatch_sync: reserved, lost after 4.0 kB more of WAL, in 12 min at this rate") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(rows_that_nobody_accounts_for_are_told_loudly) {
  agent::StatusReport unbalanced = report();
  unbalanced.routes[0].counters.applied = 5;
  BOOST_TEST(!unbalanced.is_balanced());
  BOOST_TEST(agent::to_json(unbalanced)["balanced"] == false);
  BOOST_TEST(agent::to_text(unbalanced).find("UNBALANCED") != std::string::npos);
  BOOST_TEST(agent::to_text(report()).find("UNBALANCED") == std::string::npos);
}

// reliability 139
BOOST_AUTO_TEST_CASE(changes_that_the_source_received_from_elsewhere_are_told) {
  BOOST_TEST(agent::to_text(report()).find(
                 "1,234 transactions came to the source by replication from elsewhere: origin pg_16384") !=
             std::string::npos);
}

BOOST_AUTO_TEST_CASE(after_the_switch_nobody_is_called_behind) {
  agent::StatusReport done = report();
  done.phase = agent::Phase::Done;
  const std::string text = agent::to_text(done);
  BOOST_TEST(text.starts_with("done: the cutover is finished; everything is applied up to 0/1000\n"), text);
  BOOST_TEST(text.find("behind") == std::string::npos, text);
  BOOST_TEST(text.find("slot") == std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(an_unknown_position_gives_no_lag) {
  agent::StatusReport unknown = report();
  unknown.applied_lsn = core::Lsn();
  BOOST_TEST(unknown.lag_bytes() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
