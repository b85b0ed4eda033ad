#include "tests/soak/soak.hpp"

#include <fmt/format.h>

#include <csignal>
#include <optional>
#include <thread>

#include "tests/soak/live_work.hpp"
#include "tests/support/wait.hpp"

namespace soak {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t interrupts = 0;
void on_interrupt(int /*signal*/) { interrupts = 1; }

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

tests::DispatchOptions pair_options(const SoakOptions& options) {
  return {.scale = options.scale,
          .chunk_rows = 1'000,
          // A peer that is gone is noticed soon; the log is kept small, so that files of it come and go.
          // When a row was written last is the first question after a difference.
          .source_conf = {"wal_sender_timeout = '10s'", "max_wal_size = '256MB'", "deadlock_timeout = '200ms'",
                          "log_min_messages = fatal", "track_commit_timestamp = on"},
          .target_conf = {"max_wal_size = '256MB'", "deadlock_timeout = '200ms'", "log_min_messages = fatal",
                          "track_commit_timestamp = on"},
          .listens_on_loopback = true};
}

/// Everything of one run, in the order in which it is made and goes.
class Run {
 public:
  explicit Run(const SoakOptions& options)
      : options_(options),
        pair_(pair_options(options)),
        source_proxy_({.port = pair_.servers.source_cluster.port()}, 0, options.seed),
        target_proxy_({.port = pair_.servers.target_cluster.port()}, 0, options.seed + 1),
        agent_(pair_.agent, findings_, options.log),
        faults_(pair_, agent_, source_proxy_, target_proxy_, options.seed, options.big_rows,
                options.longest_fault_seconds),
        work_(pair_.servers.source, options.seed, options.sessions, options.pause_ms) {
    pair_.agent.options().source_url = source_proxy_.url("dispatch", "dispatch_sync");
    pair_.agent.options().target_url = target_proxy_.url("postgres", "postgres");
    // Far more than 0.5 % of a table is refused on purpose here.
    pair_.agent.options().max_quarantine = "20%";
    pair_.agent.configure();
  }

  SoakResult run() {
    SoakResult result;
    result.agent_version = pair_.agent.must({"--version"});
    result.server_version = pair_.servers.source_admin.query_value("SHOW server_version").value();
    Sampler sampler({.source = pair_.servers.source_admin,
                     .target = pair_.servers.target_admin,
                     .slot = pair_.agent.options().slot,
                     .state_dir = pair_.agent.state_dir(),
                     .agent_pid = [this] { return agent_.pid(); }},
                    findings_, options_.sample_every);
    sampler_ = &sampler;
    const auto start = Clock::now();
    work_.go();
    agent_.go();
    const auto duration = static_cast<double>(options_.duration.count());
    while (seconds_since(start) < duration && !is_over()) {
      // Two thirds of the time one process lives through everything: what it leaks in the last one it has not leaked before.
      make_faults(seconds_since(start) < duration / 3 ? FaultMix::All : FaultMix::OutsideTheAgent);
      if (is_over()) break;
      compare(result);
      work_.go();
    }
    result.seconds = seconds_since(start);
    result.was_interrupted = interrupts != 0;
    conclude(result);
    result.samples = sampler.samples();
    result.peak_mib = sampler.peak_mib();
    result.looks = sampler.looks();
    sampler_ = nullptr;
    for (const Figure& figure : figures()) {
      if (auto why = why_not_flat(result.samples, figure, result.seconds, options_.judges_trend); !why.empty()) {
        findings_.add(std::move(why));
      }
    }
    result.findings = findings_.all();
    return result;
  }

 private:
  [[nodiscard]] bool is_over() const { return interrupts != 0 || agent_.is_given_up() || is_stuck_; }

  void say(const std::string& what) {
    if (options_.progress == nullptr) return;
    const auto seconds = static_cast<long>(sampler_->elapsed());
    *options_.progress << fmt::format("soak: {}:{:02} {}", seconds / 60, seconds % 60, what) << std::endl;
  }

  void make_faults(FaultMix mix) {
    const auto start = Clock::now();
    while (seconds_since(start) < static_cast<double>(options_.round.count()) && !is_over()) {
      std::string name;
      try {
        name = faults_.make(mix);
        if (faults_.is_followed_at_once()) {
          say(name);
          continue;
        }
        const auto seconds = recover();
        if (seconds) faults_.tallies()[name].recovery.push_back(*seconds);
        say(fmt::format("{}: {}", name, seconds ? fmt::format("recovered in {:.1f} s", *seconds) : "not recovered"));
      } catch (const std::exception& error) {
        findings_.add(fmt::format("{}: {}", name.empty() ? "a fault" : name, error.what()));
        is_stuck_ = true;
      }
    }
  }

  /// Waits until what is committed now is on the target; the seconds that it took.
  std::optional<double> recover() {
    const auto start = Clock::now();
    std::string goal;
    std::unique_ptr<tests::Sql> target;
    while (seconds_since(start) < static_cast<double>(options_.recovery.count())) {
      faults_.pass(milliseconds(20));
      if (is_over()) return std::nullopt;
      try {
        if (goal.empty()) {
          goal = pair_.servers.source_admin.query_value("SELECT pg_logical_emit_message(true, 'soak', '')").value();
        }
        if (!target) target = std::make_unique<tests::Sql>(pair_.servers.target_admin.url());
        if (target->query_value("SELECT to_regclass('dispatch_sync.checkpoint')") &&
            target->query_value("SELECT applied_lsn >= '" + goal + "' FROM dispatch_sync.checkpoint") == "t") {
          return seconds_since(start);
        }
      } catch (const tests::SqlError&) {
        target.reset();  // still coming up
      }
    }
    findings_.add(fmt::format("{} s after a fault had ended, the target was not up to date: the goal was {}",
                              options_.recovery.count(), goal));
    is_stuck_ = true;
    return std::nullopt;
  }

  void compare(SoakResult& result) {
    const auto start = Clock::now();
    Comparison comparison;
    try {
      faults_.clear();
      work_.rest();
      comparison.transactions = work_.transactions();
      // A comparison of what nobody worked on shows nothing.
      if (comparison.transactions == std::exchange(result.transactions, comparison.transactions)) {
        findings_.add("no live transaction since the last comparison; a session was told last: " + work_.last_error());
        is_stuck_ = true;
      }
      if (!recover()) return;
      retry_quarantined();
      pair_.servers.source_admin.exec("CHECKPOINT");  // without it, a slot's restart_lsn moves every 15 s only
      if (!recover()) return;
      comparison.differences = pair_.differences_from_oracle();
      for (const auto& [route, tally] : pair_.counters()) comparison.rows += tally.read;
      wait_for_log_to_go();
      sampler_->sample_at_rest();
      comparison.state_mib = sampler_->samples().back().state_mib;
    } catch (const std::exception& error) {
      comparison.differences.push_back(fmt::format("could not be compared: {}", error.what()));
      is_stuck_ = true;
    }
    comparison.at = sampler_->elapsed();
    comparison.seconds = seconds_since(start);
    for (const std::string& difference : comparison.differences) {
      findings_.add(fmt::format("comparison {}: {}", result.comparisons.size() + 1, difference));
    }
    say(fmt::format("{} live transactions, {} rows: {}", comparison.transactions, comparison.rows,
                    comparison.differences.empty() ? "equal" : "NOT EQUAL"));
    // What is wrong stays wrong: the state of things is worth more than further faults.
    is_stuck_ = is_stuck_ || !comparison.differences.empty();
    if (!comparison.differences.empty()) hold();
    result.comparisons.push_back(std::move(comparison));
  }

  void hold() {
    for (const std::string& finding : findings_.all()) agent_.note(finding);
    agent_.note(fmt::format("the source is {}, the target {}, the agent's directory {}",
                            pair_.servers.source_admin.url(), pair_.servers.target_admin.url(),
                            pair_.agent.state_dir().parent_path().string()));
    while (options_.holds && interrupts == 0) faults_.pass(milliseconds(100));
  }

  void retry_quarantined() {
    for (int attempt = 1;; ++attempt) {
      const auto retried = pair_.agent.command({"quarantine", "retry"});
      if (retried.exit_code <= 1) return;
      // A failpoint of an earlier fault may still strike.
      if (attempt == 5) throw std::runtime_error("agent quarantine retry: " + retried.err);
      faults_.pass(std::chrono::seconds(2));
    }
  }

  /// The slot lets go of the log some time after all is applied: when the next snapshot of running transactions has been decoded.
  void wait_for_log_to_go() {
    const auto is_gone = [this] {
      faults_.pass(milliseconds(100));
      return pair_.servers.source_admin.query_value(
                 "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) < 16 * 1024 * 1024 FROM "
                 "pg_replication_slots "
                 "WHERE NOT temporary") == "t";
    };
    try {
      tests::wait_until(is_gone, "the slot to let go of the log", std::chrono::seconds(60));
    } catch (const tests::Timeout&) {
      // The sample says how much it holds.
    }
  }

  void conclude(SoakResult& result) {
    try {
      faults_.clear();
      work_.rest();
      agent_.halt(true);
      result.transactions = work_.transactions();
      result.deadlocks =
          std::stol(pair_.servers.target_admin
                        .query_value("SELECT deadlocks::text FROM pg_stat_database WHERE datname = current_database()")
                        .value());
    } catch (const std::exception& error) {
      if (!result.was_interrupted) findings_.add(fmt::format("the end: {}", error.what()));
    }
    result.faults = faults_.tallies();
    result.starts = agent_.starts();
    result.ends = agent_.ends();
    result.killed_by_failpoint = agent_.killed_by_failpoint();
    result.refused_states = agent_.refused_states();
    for (const tests::TcpProxy* proxy : {&source_proxy_, &target_proxy_}) {
      const tests::ProxyCounts counts = proxy->counts();
      result.network_connections += counts.accepted;
      result.network_cuts += counts.cut;
    }
  }

  SoakOptions options_;
  Findings findings_;
  tests::DispatchPair pair_;
  tests::TcpProxy source_proxy_;
  tests::TcpProxy target_proxy_;
  SupervisedAgent agent_;
  Faults faults_;
  LiveWork work_;
  Sampler* sampler_ = nullptr;
  bool is_stuck_ = false;
};

}  // namespace

SoakResult run_soak(const SoakOptions& options) {
  Run run(options);
  interrupts = 0;
  const auto before_int = std::signal(SIGINT, on_interrupt);
  const auto before_term = std::signal(SIGTERM, on_interrupt);
  SoakResult result = run.run();
  std::signal(SIGINT, before_int);
  std::signal(SIGTERM, before_term);
  return result;
}

}  // namespace soak
