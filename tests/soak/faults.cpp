#include "tests/soak/faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "core/failpoint_places.hpp"
#include "tests/support/wait.hpp"

namespace soak {

namespace {

using std::chrono::milliseconds;
using tests::Direction;
using tests::Sql;

/// SIGCONT when it goes, however it goes: a server with a stopped process cannot even be stopped.
class Stopped {
 public:
  explicit Stopped(pid_t pid) : pid_(pid) { ::kill(pid_, SIGSTOP); }
  ~Stopped() { ::kill(pid_, SIGCONT); }
  Stopped(const Stopped&) = delete;
  Stopped& operator=(const Stopped&) = delete;

 private:
  pid_t pid_;
};

/// A copy of the files alone: an agent that was killed leaves its socket too.
void copy_files(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::create_directories(to);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(from)) {
    const auto place = to / std::filesystem::relative(entry.path(), from);
    if (entry.is_directory()) std::filesystem::create_directories(place);
    if (entry.is_regular_file()) std::filesystem::copy_file(entry.path(), place);
  }
}

// The boundaries that every batch passes.
const std::vector<std::string> kPlaces = {"before_target_commit", "after_target_commit", "after_state_write",
                                          "before_ack"};

/// All places, or those of the servers' side: an error of the local state's own may end the agent for good.
std::vector<std::string> places(bool with_state) {
  std::vector<std::string> names;
  for (const core::FailpointPlace& place : core::kFailpointPlaces) {
    if (with_state || place.side != core::FailingSide::State) names.emplace_back(place.name);
  }
  return names;
}
const std::vector<std::string> kTargetTables = {"system_messages", "tasks",    "messages", "files",    "orders",
                                                "profiles",        "comments", "jaws",     "payments", "patients"};
// Tables that nothing else refers to.
const std::vector<std::string> kTruncated = {
    "dispatch_bracket", "dispatch_operation", "dispatch_template_products", "dispatch_template_view_roles",
    "dispatch_note",    "dispatch_state"};

}  // namespace

Faults::Faults(tests::DispatchPair& pair, SupervisedAgent& agent, tests::TcpProxy& source_proxy,
               tests::TcpProxy& target_proxy, std::uint64_t seed, int big_rows, double longest_seconds)
    : pair_(pair),
      agent_(agent),
      source_proxy_(source_proxy),
      target_proxy_(target_proxy),
      random_(seed),
      big_rows_(big_rows),
      longest_seconds_(longest_seconds) {
  for (const Kind& kind : kinds()) tallies_[kind.name];
}

const std::vector<Faults::Kind>& Faults::kinds() {
  static const std::vector<Kind> kKinds = {
      {"agent: kill -9", 8, true, &Faults::kill},
      {"agent: SIGTERM", 3, true, &Faults::terminate},
      {"agent: killed at a failpoint", 8, true, &Faults::failpoint_kills},
      {"agent: delayed at a failpoint", 2, true, &Faults::failpoint_delays},
      {"agent: error at a failpoint", 2, true, &Faults::failpoint_throws},
      {"agent: state directory lost", 1, true, &Faults::lose_state},
      {"agent: old state directory put back", 1, true, &Faults::bring_back_old_state},
      {"source: fast restart", 2, false, &Faults::restart_source},
      {"source: crash", 2, false, &Faults::crash_source},
      {"source: connections ended", 3, false, &Faults::end_source_connections},
      {"source: walsender stopped", 3, false, &Faults::freeze_walsender},
      {"source: long transaction", 3, false, &Faults::long_transaction},
      {"source: big transaction", 2, false, &Faults::big_transaction},
      {"source: TRUNCATE", 2, false, &Faults::truncate},
      {"source: logical_decoding_work_mem changed", 2, false, &Faults::decode_in_little_memory},
      {"target: fast restart", 2, false, &Faults::restart_target},
      {"target: crash", 2, false, &Faults::crash_target},
      {"target: connections ended", 3, false, &Faults::end_target_connections},
      {"target: backend stopped", 3, false, &Faults::freeze_target_backend},
      {"target: table locked", 3, false, &Faults::lock_target_table},
      {"target: deadlocks", 2, false, &Faults::deadlock_on_target},
      {"target: rows refused, then not", 2, false, &Faults::refuse_rows},
      {"network: cut", 4, false, &Faults::cut},
      {"network: reply to COMMIT lost", 4, false, &Faults::cut_reply_to_commit},
      {"network: silent peer", 2, false, &Faults::freeze_network},
      {"network: peer gone without a word", 2, false, &Faults::vanish},
      {"network: bytes held, then passed", 3, false, &Faults::hold},
      {"network: bytes lost, then cut", 3, false, &Faults::lose_and_cut},
      {"network: connections refused", 2, false, &Faults::refuse_connections},
      {"network: throttled", 2, false, &Faults::slow_down},
      {"network: delayed with jitter", 2, false, &Faults::delay},
      {"network: flapping", 2, false, &Faults::flap},
  };
  return kKinds;
}

std::string Faults::make(FaultMix mix) {
  std::vector<double> weights;
  // What has not come yet comes first, so that each kind is seen in a short run too; most of all what may not always come.
  constexpr int kFirst = 20;
  for (const Kind& kind : kinds()) {
    const bool is_allowed = mix == FaultMix::All || !kind.ends_agent;
    const bool is_new = tallies_[kind.name].made == 0;
    weights.push_back(!is_allowed ? 0 : kind.weight * (is_new ? kFirst : 1) * (is_new && kind.ends_agent ? kFirst : 1));
  }
  const Kind& kind = kinds()[std::discrete_distribution<std::size_t>(weights.begin(), weights.end())(random_)];
  may_kill_ = mix == FaultMix::All && !kind.ends_agent;
  agent_.note(kind.name);
  try {
    (this->*kind.make)();
    ++tallies_[kind.name].made;
  } catch (const tests::SqlError&) {
    clear();
    ++tallies_[kind.name].skipped;
  }
  return kind.name;
}

void Faults::pass(milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  do {
    agent_.tick();
    std::this_thread::sleep_for(milliseconds(10));
  } while (std::chrono::steady_clock::now() < end);
}

void Faults::clear() {
  for (tests::TcpProxy* proxy : {&source_proxy_, &target_proxy_}) {
    proxy->clear_traps();
    proxy->release();
    proxy->set_newcomers(tests::Newcomers::Served);
    proxy->set_delay(milliseconds(0));
    proxy->set_throttle(0);
    proxy->set_flapping(milliseconds(0));
  }
  if (!pair_.servers.source_cluster.is_running()) pair_.servers.source_cluster.start();
  if (!pair_.servers.target_cluster.is_running()) pair_.servers.target_cluster.start();
  const auto is_lifted = [this] {
    try {
      pair_.servers.target_admin.exec(
          "SET lock_timeout = '2s'; ALTER TABLE public.system_messages DROP CONSTRAINT IF EXISTS refused_for_a_while");
      return true;
    } catch (const tests::SqlError&) {
      pass(milliseconds(100));
      return false;
    }
  };
  tests::wait_until(is_lifted, "the constraint to go", std::chrono::minutes(2));
}

const std::string& Faults::one_of(const std::vector<std::string>& choices) {
  return choices.at(static_cast<std::size_t>(between(0, static_cast<int>(choices.size()) - 1)));
}

void Faults::last() {
  const auto time = milliseconds(between(200, static_cast<int>(longest_seconds_ * 1000)));
  if (may_kill_ && chance(25)) {
    const auto before = time * between(0, 100) / 100;
    pass(before);
    agent_.kill();
    pass(time - before);
  } else {
    pass(time);
  }
}

std::vector<pid_t> Faults::backends(const tests::Database& admin, const std::string& condition) const {
  std::vector<pid_t> pids;
  for (const auto& row : admin.query_rows("SELECT pid::text FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
                                          "application_name LIKE 'dispatch-sync/%' AND " +
                                          condition + " ORDER BY pid")) {
    pids.push_back(std::stoi(row.at(0).value()));
  }
  return pids;
}

// The agent -------------------------------------------------------------------------------------------------------------

void Faults::kill() {
  // Once, or several times while it is still coming up again.
  for (int i = between(1, chance(30) ? 4 : 1); i > 0; --i) {
    agent_.kill();
    if (i > 1) pass(milliseconds(between(500, 2'500)));
  }
}

void Faults::terminate() { agent_.terminate(chance(30)); }

void Faults::failpoint_kills() {
  agent_.arm(fmt::format("{}=kill@{}", one_of(chance(50) ? kPlaces : places(true)), between(1, chance(50) ? 3 : 40)));
  agent_.kill();
  const int before = agent_.killed_by_failpoint();
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  // Where it stands is passed rarely: then it may strike later, or with the next fault.
  while (agent_.killed_by_failpoint() == before && std::chrono::steady_clock::now() < give_up) pass(milliseconds(50));
}

void Faults::failpoint_delays() {
  agent_.arm(fmt::format("{}=wait:{}@{}", one_of(places(true)), between(100, 3'000), between(1, 20)));
  agent_.terminate();
  last();
}

void Faults::failpoint_throws() {
  agent_.arm(fmt::format("{}=throw@{}", one_of(places(false)), between(1, 20)));
  agent_.terminate();
  last();
}

void Faults::lose_state() {
  agent_.halt(chance(50));
  std::filesystem::remove_all(pair_.agent.state_dir());
  if (chance(50)) agent_.arm(fmt::format("{}=kill@{}", one_of(places(true)), between(1, 3)));
  agent_.go();
  for (int i = between(0, 3); i > 0; --i) {
    // It is rebuilding now.
    pass(milliseconds(between(500, 3'000)));
    agent_.kill();
  }
}

void Faults::bring_back_old_state() {
  namespace fs = std::filesystem;
  const fs::path state = pair_.agent.state_dir();
  const fs::path copy = state.parent_path() / "old_state";
  agent_.halt(true);
  if (!fs::exists(state)) {
    agent_.go();
    return;
  }
  fs::remove_all(copy);
  copy_files(state, copy);
  agent_.go();
  pass(milliseconds(between(1'000, 10'000)));
  agent_.halt(chance(50));
  fs::remove_all(state);
  fs::rename(copy, state);
  agent_.expect_old_state();
  agent_.go();
}

// The servers -----------------------------------------------------------------------------------------------------------

void Faults::restart(tests::Cluster& cluster, tests::StopMode mode) {
  try {
    cluster.stop(mode);
  } catch (const tests::Timeout&) {
    // A fast shutdown of the source waits until the agent has applied and acknowledged all that there is, which may take a minute
    // after a big transaction. Nobody waits that long.
    cluster.stop(tests::StopMode::Immediate);
  }
  last();
  cluster.start();
}

void Faults::restart_source() { restart(pair_.servers.source_cluster, tests::StopMode::Fast); }
void Faults::crash_source() { restart(pair_.servers.source_cluster, tests::StopMode::Immediate); }
void Faults::restart_target() { restart(pair_.servers.target_cluster, tests::StopMode::Fast); }
void Faults::crash_target() { restart(pair_.servers.target_cluster, tests::StopMode::Immediate); }

void Faults::end_source_connections() {
  for (int i = between(1, 3); i > 0; --i) {
    pair_.servers.source_admin.exec(fmt::format(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'dispatch_sync' AND random() < {}",
        chance(50) ? 1.0 : 0.5));
    pass(milliseconds(between(0, 1'500)));
  }
}

void Faults::end_target_connections() {
  for (int i = between(1, 3); i > 0; --i) {
    pair_.servers.target_admin.exec(
        fmt::format("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE "
                    "'dispatch-sync/%' AND random() < {}",
                    chance(50) ? 1.0 : 0.5));
    pass(milliseconds(between(0, 1'500)));
  }
}

void Faults::stop_process(const tests::Database& admin, const std::string& condition) {
  const std::vector<pid_t> pids = backends(admin, condition);
  if (pids.empty()) return;
  // No statement from this thread until it goes on: what is stopped may hold what the statement needs.
  const Stopped stopped(pids[static_cast<std::size_t>(between(0, static_cast<int>(pids.size()) - 1))]);
  last();
}

void Faults::freeze_walsender() { stop_process(pair_.servers.source_admin, "backend_type = 'walsender'"); }
void Faults::freeze_target_backend() { stop_process(pair_.servers.target_admin, "true"); }

void Faults::lock_target_table() {
  Sql session = pair_.servers.target_admin.session();
  session.exec("BEGIN; SET LOCAL lock_timeout = '10s'; LOCK TABLE public." + one_of(kTargetTables) + " IN " +
               (chance(50) ? "ACCESS EXCLUSIVE" : "SHARE ROW EXCLUSIVE") + " MODE");
  last();
  session.exec("ROLLBACK");
}

void Faults::deadlock_on_target() {
  std::vector<std::string> tables = {"tasks", "system_messages"};
  for (int i = 0; i < 6; ++i) {
    try {
      Sql session = pair_.servers.target_admin.session();
      session.exec("BEGIN; SET LOCAL lock_timeout = '3s'; LOCK TABLE public." + tables[0] +
                   " IN SHARE ROW EXCLUSIVE MODE");
      pass(milliseconds(between(50, 500)));
      session.exec("LOCK TABLE public." + tables[1] + " IN SHARE ROW EXCLUSIVE MODE; ROLLBACK");
    } catch (const tests::SqlError& error) {
      // The victim is either this session or the agent.
      if (error.sqlstate() != "40P01" && error.sqlstate() != "55P03") throw;
    }
    std::swap(tables[0], tables[1]);
    pass(milliseconds(between(0, 200)));
  }
}

void Faults::refuse_rows() {
  pair_.servers.target_admin.exec(fmt::format(
      "SET lock_timeout = '10s'; ALTER TABLE public.system_messages ADD CONSTRAINT refused_for_a_while CHECK "
      "(abs(hashtext(id::text)) % 97 <> {}) NOT VALID",
      between(0, 96)));
  last();
  clear();
  if (chance(50) && agent_.pid() != 0) {
    // The other half waits for the next comparison.
    static_cast<void>(pair_.agent.command({"quarantine", "retry"}));
  }
}

// The application -------------------------------------------------------------------------------------------------------

void Faults::long_transaction() {
  Sql session = pair_.servers.source.session();
  session.exec(fmt::format("BEGIN; SELECT workload.l3(3 * i + {}::bigint) FROM generate_series(1, 40) i",
                           3 * between(1, 1'000'000)));
  last();
  session.exec("SAVEPOINT s; SELECT workload.l3(3 * i) FROM generate_series(1, 10) i; ROLLBACK TO s");
  last();
  session.exec(chance(75) ? "COMMIT" : "ROLLBACK");
}

void Faults::big_transaction() {
  Sql session = pair_.servers.source.session();
  // To doctors: accounts that the live work never deletes.
  session.exec(fmt::format(
      "BEGIN; SET LOCAL lock_timeout = '20s'; CREATE TEMP TABLE more ON COMMIT DROP AS "
      "SELECT n.* FROM dispatch_notification n, generate_series(1, 50) "
      "WHERE n.recipient_id IN (SELECT doctor_id FROM dispatch_patient) LIMIT {};"
      "UPDATE more SET id = workload.new_dispatch_notification(); INSERT INTO dispatch_notification SELECT * FROM more",
      big_rows_));
  session.exec("SAVEPOINT s; DELETE FROM dispatch_notification WHERE id IN (SELECT id FROM more); ROLLBACK TO s");
  if (may_kill_ && chance(30)) agent_.kill();
  session.exec(
      "UPDATE dispatch_notification SET \"read\" = NOT \"read\" WHERE id IN (SELECT id FROM more) AND id % 2 = 0");
  pass(milliseconds(between(0, 2'000)));
  session.exec(chance(75) ? "COMMIT" : "ROLLBACK");
}

void Faults::truncate() {
  const std::string& table = one_of(kTruncated);
  Sql session = pair_.servers.source.session();
  session.exec("SET lock_timeout = '10s'; CREATE TEMP TABLE kept AS SELECT * FROM " + table);
  if (chance(50)) {
    session.exec("TRUNCATE " + table);
    pass(milliseconds(between(0, 500)));
    session.exec("INSERT INTO " + table +
                 " SELECT * FROM kept k WHERE hashint8(id) % 10 <> 0 AND NOT EXISTS (SELECT FROM " + table +
                 " t WHERE t.id = k.id)");
  } else {
    session.exec("BEGIN; TRUNCATE " + table + "; INSERT INTO " + table +
                 " SELECT * FROM kept WHERE hashint8(id) % 10 <> 0; COMMIT");
  }
}

void Faults::decode_in_little_memory() {
  pair_.servers.source_admin.exec(std::string("ALTER SYSTEM SET logical_decoding_work_mem = '") +
                                  (chance(70) ? "64kB" : "64MB") + "'");
  pair_.servers.source_cluster.reload();
}

// The network -----------------------------------------------------------------------------------------------------------

void Faults::cut() {
  for (int i = between(1, 5); i > 0; --i) {
    any_proxy().cut();
    pass(milliseconds(between(0, 1'500)));
  }
}

void Faults::cut_reply_to_commit() {
  for (int i = between(1, 3); i > 0; --i) {
    target_proxy_.set_trap({.direction = Direction::ToServer,
                            .pattern = "COMMIT",
                            .action = chance(50) ? tests::TrapAction::CutAtReply : tests::TrapAction::Cut,
                            .skip = static_cast<std::size_t>(between(0, 5))});
    pass(milliseconds(between(500, 2'000)));
  }
  target_proxy_.clear_traps();
}

void Faults::freeze_network() {
  tests::TcpProxy& proxy = any_proxy();
  proxy.freeze();
  last();
  proxy.release();
}

void Faults::vanish() {
  tests::TcpProxy& proxy = any_proxy();
  proxy.vanish();
  if (chance(50)) proxy.set_newcomers(tests::Newcomers::Ignored);
  last();
  proxy.set_newcomers(tests::Newcomers::Served);
  last();
  // Nothing is given back: who was on such a line must have found out.
  proxy.cut();
  proxy.release();
}

void Faults::hold() {
  tests::TcpProxy& proxy = any_proxy();
  proxy.hold(chance(50) ? Direction::ToClient : Direction::ToServer);
  last();
  proxy.release();
}

void Faults::lose_and_cut() {
  tests::TcpProxy& proxy = any_proxy();
  proxy.lose(chance(50) ? Direction::ToClient : Direction::ToServer);
  pass(milliseconds(between(0, 2'000)));
  proxy.cut();
  proxy.release();
}

void Faults::refuse_connections() {
  tests::TcpProxy& proxy = any_proxy();
  proxy.set_newcomers(tests::Newcomers::Refused);
  proxy.cut();
  last();
  proxy.set_newcomers(tests::Newcomers::Served);
}

void Faults::slow_down() {
  tests::TcpProxy& proxy = any_proxy();
  proxy.set_throttle(static_cast<std::size_t>(between(32, 512)) * 1024);
  last();
  proxy.set_throttle(0);
}

void Faults::delay() {
  tests::TcpProxy& proxy = any_proxy();
  proxy.set_delay(milliseconds(between(5, 150)), milliseconds(50));
  last();
  proxy.set_delay(milliseconds(0));
}

void Faults::flap() {
  tests::TcpProxy& proxy = any_proxy();
  proxy.set_flapping(milliseconds(between(300, 2'000)));
  last();
  proxy.set_flapping(milliseconds(0));
}

}  // namespace soak
