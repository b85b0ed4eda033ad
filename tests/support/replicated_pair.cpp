#include "tests/support/replicated_pair.hpp"

#include <filesystem>
#include <utility>

namespace tests {

namespace {

ClusterOptions source_options(const PairOptions& options) {
  ClusterOptions result{.name = "source",
                        .wal_level = "logical",
                        .bin_dir = source_bin_dir(),
                        .listens_on_loopback = options.listens_on_loopback,
                        .has_own_identity = options.source_has_own_identity};
  result.conf = {"max_replication_slots = 10", "max_wal_senders = 10"};
  result.conf.insert(result.conf.end(), options.source_conf.begin(), options.source_conf.end());
  return result;
}

ClusterOptions target_options(const PairOptions& options) {
  ClusterOptions result{.name = "target",
                        .superuser = "supabase_admin",
                        .bin_dir = target_bin_dir(),
                        .listens_on_loopback = options.listens_on_loopback};
  // The platform has none, so nothing may come to depend on two-phase commit.
  result.conf = {"max_prepared_transactions = 0"};
  result.conf.insert(result.conf.end(), options.target_conf.begin(), options.target_conf.end());
  return result;
}

}  // namespace

ReplicatedPair::ReplicatedPair(const PairOptions& options)
    : source_cluster(source_options(options)),
      target_cluster(target_options(options)),
      source(source_cluster.database("dispatch", "dispatch")),
      target(target_cluster.database("postgres", "postgres")),
      source_admin(source_cluster.database("dispatch")),
      target_admin(target_cluster.database("postgres")) {
  Sql admin = source_cluster.database().session();
  admin.exec(
      "CREATE ROLE dispatch LOGIN; CREATE ROLE dispatch_sync LOGIN REPLICATION; GRANT dispatch TO dispatch_sync");
  admin.exec("CREATE DATABASE dispatch OWNER dispatch");
  source_admin.exec("GRANT CREATE ON DATABASE dispatch TO dispatch_sync; ALTER SCHEMA public OWNER TO dispatch");
  target_admin.load_file(std::filesystem::path(DISPATCH_SOURCE_DIR) / "examples/dispatch/platform.sql");
}

}  // namespace tests
