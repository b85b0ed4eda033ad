#include "replication/slot.hpp"

#include "tests/unit/replication/expect_error.hpp"

namespace {

replication::SlotHealth healthy() {
  replication::SlotHealth health;
  health.name = "s";
  health.plugin = "pgoutput";
  health.database = "dispatch";
  health.wal_status = "reserved";
  health.confirmed_flush_lsn = core::Lsn{100};
  health.restart_lsn = core::Lsn{50};
  return health;
}

const replication::SlotNeed kNeed{"s", "dispatch", core::Lsn{100}};

}  // namespace

BOOST_AUTO_TEST_SUITE(slot_needs)

BOOST_AUTO_TEST_CASE(a_healthy_slot_at_or_behind_the_checkpoint_is_usable) {
  BOOST_CHECK_NO_THROW(replication::require_usable(healthy(), kNeed));
  auto behind = healthy();
  behind.confirmed_flush_lsn = core::Lsn{10};
  behind.wal_status = "extended";
  BOOST_CHECK_NO_THROW(replication::require_usable(behind, kNeed));
}

BOOST_AUTO_TEST_CASE(a_missing_slot_is_refused) {  // reliability 30
  EXPECT_ERROR(replication::require_usable(std::nullopt, kNeed), Refused);
}

BOOST_AUTO_TEST_CASE(a_lost_slot_is_refused) {  // reliability 32
  auto lost = healthy();
  lost.wal_status = "lost";
  EXPECT_ERROR(replication::require_usable(lost, kNeed), Refused);
  auto invalidated = healthy();
  invalidated.invalidation_reason = "idle_timeout";
  EXPECT_ERROR(replication::require_usable(invalidated, kNeed), Refused);
}

BOOST_AUTO_TEST_CASE(a_slot_ahead_of_the_checkpoint_is_a_gap) {  // reliability 34
  auto ahead = healthy();
  ahead.confirmed_flush_lsn = core::Lsn{101};
  BOOST_CHECK_EXCEPTION(replication::require_usable(ahead, kNeed), core::Error, [](const core::Error& error) {
    return error.kind() == core::ErrorKind::Refused && error.context("confirmed_flush_lsn") == "0/65" &&
           error.context("applied_lsn") == "0/64" && !error.remedy().empty();
  });
}

BOOST_AUTO_TEST_CASE(a_slot_of_another_kind_is_refused) {
  auto other_plugin = healthy();
  other_plugin.plugin = "wal2json";
  EXPECT_ERROR(replication::require_usable(other_plugin, kNeed), Refused);
  auto other_database = healthy();
  other_database.database = "elsewhere";
  EXPECT_ERROR(replication::require_usable(other_database, kNeed), Refused);
  auto temporary = healthy();
  temporary.is_temporary = true;
  EXPECT_ERROR(replication::require_usable(temporary, kNeed), Refused);
}

BOOST_AUTO_TEST_CASE(a_slot_in_use_names_its_holder) {  // reliability 38
  auto held = healthy();
  held.active_pid = 4711;
  BOOST_CHECK_EXCEPTION(replication::require_usable(held, kNeed), core::Error, [](const core::Error& error) {
    return error.kind() == core::ErrorKind::State && error.is_transient() && error.context("holder_pid") == "4711";
  });
}

BOOST_AUTO_TEST_SUITE_END()
