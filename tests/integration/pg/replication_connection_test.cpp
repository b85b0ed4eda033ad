#include "pg/replication_connection.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

#include "tests/integration/pg/fixture.hpp"

namespace {

using core::ErrorKind;
using pg::ReplicationConnection;
using pg::Side;
using tests::error_of;
using tests::shared_cluster;
using namespace std::chrono_literals;

/// A publication and a slot of this name over a table of this name; dropped at the end.
class Stream {
 public:
  explicit Stream(std::string name) : name_(std::move(name)) {
    const tests::Database database = shared_cluster().database();
    database.exec("create table " + name_ + " (id int primary key)");
    database.exec("create publication " + name_ + " for table " + name_);
    database.exec("select pg_create_logical_replication_slot('" + name_ + "', 'pgoutput')");
  }
  ~Stream() {
    try {
      const tests::Database database = shared_cluster().database();
      database.exec("select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '" + name_ +
                    "'");
      // The slot may take a moment to become free; leaving it is harmless, the server goes with the test.
      database.exec("select pg_drop_replication_slot('" + name_ + "')");
    } catch (const std::exception&) {
    }
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  [[nodiscard]] std::string start_command() const {
    return "START_REPLICATION SLOT \"" + name_ + "\" LOGICAL 0/0 (proto_version '1', publication_names '\"" + name_ +
           "\"')";
  }

 private:
  std::string name_;
};

ReplicationConnection connect() { return ReplicationConnection{tests::params(Side::Source), "stream"}; }

/// The next XLogData frame's first byte of payload; keepalives are passed over.
char next_message(ReplicationConnection& connection) {
  constexpr std::size_t kHeader = 25;
  for (;;) {
    const auto frame = connection.receive(30s);
    if (!frame) throw std::runtime_error("no frame within 30 s");
    if (frame->front() == 'w') return frame->at(kHeader);
  }
}

BOOST_AUTO_TEST_SUITE(pg_replication_connection)

BOOST_AUTO_TEST_CASE(the_system_identifies_itself_alike_on_both_kinds_of_connection) {
  ReplicationConnection connection = connect();
  const pg::ServerIdentity identity = connection.identify_system();
  BOOST_TEST(identity.database == "postgres");
  BOOST_TEST(identity.timeline == 1U);
  pg::Session session = tests::session(Side::Source);
  BOOST_TEST((pg::read_identity(session) == identity));
}

BOOST_AUTO_TEST_CASE(settings_are_pinned_and_a_callers_one_is_kept) {
  ReplicationConnection connection{tests::params(Side::Source).with_setting("wal_sender_timeout", "7s"), "stream"};
  BOOST_TEST(connection.exec("SHOW wal_sender_timeout").text(0, 0) == "7s");
  BOOST_TEST(connection.exec("SHOW TimeZone").text(0, 0) == "UTC");
  BOOST_TEST(connection.exec("SHOW lock_timeout").text(0, 0) == "0");
  BOOST_TEST(connection.exec("SELECT 6 * 7").integer(0, 0) == 42);
}

BOOST_AUTO_TEST_CASE(a_committed_row_arrives_as_frames_and_the_stream_stops_in_order) {
  const Stream stream{"flowing"};
  ReplicationConnection connection = connect();
  connection.start(stream.start_command());
  shared_cluster().database().exec("insert into flowing values (1)");
  for (const char expected : {'B', 'R', 'I', 'C'}) BOOST_TEST(next_message(connection) == expected);
  // A status update with zero positions: takes nothing back, confirms nothing.
  std::string status(34, '\0');
  status.front() = 'r';
  connection.send(status);
  connection.stop(10s);
  BOOST_TEST(connection.is_ended());
  BOOST_TEST(!connection.receive(10ms).has_value());
}

BOOST_AUTO_TEST_CASE(nothing_to_receive_is_nothing_after_the_timeout) {
  const Stream stream{"quiet"};
  ReplicationConnection connection = connect();
  connection.start(stream.start_command());
  // The first keepalives may come at once; then there is silence.
  while (connection.receive(200ms)) {
  }
  BOOST_TEST(!connection.is_ended());
  connection.stop(10s);
}

BOOST_AUTO_TEST_CASE(a_terminated_walsender_is_a_transient_error_of_the_source) {
  const Stream stream{"broken"};
  ReplicationConnection connection = connect();
  connection.start(stream.start_command());
  shared_cluster().database().exec("select pg_terminate_backend(" + std::to_string(connection.backend_pid()) + ")");
  const core::Error error = error_of([&] {
    while (connection.receive(30s)) {
    }
  });
  BOOST_TEST_INFO(error.what());
  BOOST_TEST((error.kind() == ErrorKind::Source));
  BOOST_TEST(error.is_transient());
  BOOST_TEST(error.sqlstate() == "57P01");
}

BOOST_AUTO_TEST_CASE(starting_from_a_slot_that_does_not_exist_has_its_sqlstate) {
  ReplicationConnection connection = connect();
  const core::Error error = error_of([&] {
    connection.start("START_REPLICATION SLOT \"missing\" LOGICAL 0/0 (proto_version '1', publication_names '\"p\"')");
  });
  BOOST_TEST(error.sqlstate() == "42704");
  BOOST_TEST(!error.is_transient());
}

BOOST_AUTO_TEST_CASE(a_slot_in_use_names_its_holder) {
  const Stream stream{"contested"};
  ReplicationConnection first = connect();
  first.start(stream.start_command());
  ReplicationConnection second = connect();
  const core::Error error = error_of([&] { second.start(stream.start_command()); });
  BOOST_TEST(error.sqlstate() == "55006");
  BOOST_TEST(error.is_transient());
  BOOST_TEST(error.message().find(std::to_string(first.backend_pid())) != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
