#include "tests/integration/replication/source.hpp"

#include "pg/session.hpp"
#include "replication/slot.hpp"
#include "tests/support/wait.hpp"

namespace tests {

namespace {

Database make_database(const std::string& name, const std::string& schema) {
  source_cluster().database().exec("create database " + name);
  Database database = source_cluster().database(name);
  database.exec(schema);
  database.exec("create publication " + name + " for all tables" +
                (source_version() >= 13 ? " with (publish_via_partition_root = true)" : ""));
  return database;
}

std::string next_name() {
  static int number = 0;
  return "source_" + std::to_string(++number);
}

}  // namespace

Cluster& source_cluster() {
  static Cluster cluster{{.name = "stream",
                          .wal_level = "logical",
                          .conf = {"max_replication_slots = 20", "max_wal_senders = 20", "autovacuum = off",
                                   "max_prepared_transactions = 5"},
                          .bin_dir = source_bin_dir()}};
  return cluster;
}

int source_version() {
  static const int version = source_cluster().major_version();
  return version;
}

boost::unit_test::precondition since(int version) {
  return boost::unit_test::precondition([version](boost::unit_test::test_unit_id) {
    boost::test_tools::assertion_result answer{source_version() >= version};
    answer.message() << "the source is PostgreSQL " << source_version() << "; this needs " << version;
    return answer;
  });
}

Source::Source(const std::string& schema) : name_(next_name()), database_(make_database(name_, schema)) {
  pg::Session session{params(), "test"};
  consistent_point_ = replication::create_slot(session, name_);
}

Source::~Source() {
  try {
    if (!source_cluster().is_running()) source_cluster().start();
    wait_until(
        [&] {
          terminate_reader();
          return value("select count(*) from pg_replication_slots where active and slot_name = '" + name_ + "'") == "0";
        },
        "the slot to become free");
    database_.exec("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '" + name_ +
                   "'");
  } catch (const std::exception&) {
    // The server goes with the program; a slot left behind harms nobody.
  }
}

core::Lsn Source::lsn(const std::string& sql) const { return core::Lsn::parse(value(sql)).value(); }

core::Lsn Source::confirmed() const {
  return lsn("select confirmed_flush_lsn from pg_replication_slots where slot_name = '" + name_ + "'");
}

void Source::terminate_reader() const {
  database_.exec(
      "select pg_terminate_backend(active_pid) from pg_replication_slots where active_pid is not null and slot_name = "
      "'" +
      name_ + "'");
}

pg::ConnectionParams Source::params() const { return pg::ConnectionParams::parse(pg::Side::Source, database_.url()); }

pg::ConnectionParams Source::params_with_little_memory() const {
  // Servers before 13 have no such setting: they spill at 4096 changes.
  return source_version() >= 13 ? params().with_setting("logical_decoding_work_mem", "64kB") : params();
}

replication::ReceiverOptions Source::options() const {
  using namespace std::chrono_literals;
  replication::ReceiverOptions options;
  options.source = params();
  options.slot = name_;
  options.publication = name_;
  options.status_interval = 200ms;
  options.ack_interval = 20ms;
  options.first_backoff = 10ms;
  options.most_backoff = 200ms;
  return options;
}

}  // namespace tests
