#include "tests/network/remote_staff.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/support/wait.hpp"

namespace network {

namespace {

/// Short, so that a test that waits for a peer to be given up takes seconds.
const std::string kTimeouts =
    "connect_timeout=2&keepalives_idle=1&keepalives_interval=1&keepalives_count=2&tcp_user_timeout=2000";

}  // namespace

RemoteStaff::RemoteStaff(std::uint32_t chunk_rows)
    : source_line({.port = tests::shared_servers().source_cluster.port()}),
      target_line({.port = tests::shared_servers().target_cluster.port()}) {
  pair.agent.options().source_url = source_line.url(pair.name, "dispatch_sync", kTimeouts);
  pair.agent.options().target_url = target_line.url(pair.name, "postgres", kTimeouts);
  pair.agent.options().chunk_rows = chunk_rows;
  pair.agent.configure();
}

void RemoteStaff::start_streaming() {
  pair.agent.start();
  pair.agent.wait_streaming();
  wait_applied();
}

std::string RemoteStaff::checkpoint() const {
  if (!pair.target_admin.query_value("SELECT to_regclass('dispatch_sync.checkpoint')")) return "0/0";
  return pair.target_admin
      .query_value("SELECT applied_lsn FROM dispatch_sync.checkpoint WHERE slot = '" + pair.name + "'")
      .value_or("0/0");
}

std::string RemoteStaff::acknowledged() const {
  return pair.source_admin
      .query_value("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '" + pair.name + "'")
      .value_or("0/0");
}

int RemoteStaff::walsender() const {
  return std::stoi(
      pair.source_admin
          .query_value("SELECT coalesce(active_pid, 0) FROM pg_replication_slots WHERE slot_name = '" + pair.name + "'")
          .value_or("0"));
}

int RemoteStaff::sessions_on_target(const std::string& name_like) const {
  return std::stoi(pair.target_admin
                       .query_value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                                    "application_name LIKE '" +
                                    name_like + "'")
                       .value());
}

void RemoteStaff::expect_sound() {
  const std::string acknowledged = this->acknowledged();
  const std::string checkpoint = this->checkpoint();
  const auto is_at_most = [this](const std::string& a, const std::string& b) {
    return pair.target_admin.query_value("SELECT '" + a + "'::pg_lsn <= '" + b + "'::pg_lsn") == "t";
  };
  if (checkpoint != "0/0") {
    BOOST_REQUIRE_MESSAGE(is_at_most(acknowledged, checkpoint),
                          "the source was told " << acknowledged << ", the checkpoint is " << checkpoint);
  }
  BOOST_REQUIRE_MESSAGE(is_at_most(last_checkpoint_, checkpoint),
                        "the checkpoint went back from " << last_checkpoint_ << " to " << checkpoint);
  last_checkpoint_ = checkpoint;
}

void RemoteStaff::wait_applied(std::chrono::milliseconds limit) {
  const std::string goal = pair.source.query_value("SELECT pg_logical_emit_message(true, 'test', '')").value();
  const auto is_there = [&] {
    expect_sound();
    if (!pair.agent.is_running()) {
      throw std::runtime_error("the agent ended with " + std::to_string(pair.agent.wait()) + ":\n" +
                               pair.agent.process().err());
    }
    return pair.target_admin.query_value("SELECT '" + last_checkpoint_ + "'::pg_lsn >= '" + goal + "'::pg_lsn") == "t";
  };
  try {
    tests::wait_until(is_there, "the checkpoint to reach " + goal, limit);
  } catch (const tests::Timeout& timeout) {
    throw tests::Timeout(std::string(timeout.what()) + "\n" + pair.agent.process().err());
  }
}

void RemoteStaff::expect_converged() {
  for (tests::TcpProxy* line : {&source_line, &target_line}) {
    line->clear_traps();
    line->set_flapping(std::chrono::milliseconds(0));
    line->set_delay(std::chrono::milliseconds(0));
    line->set_throttle(0);
    line->release();
  }
  if (!pair.agent.is_running()) pair.agent.start();
  wait_applied();
  BOOST_TEST(pair.agent.stop() == 0, pair.agent.process().err());
  expect_sound();
  expect_equal();
}

}  // namespace network
