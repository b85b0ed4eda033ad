#include "agent/validation_record.hpp"

#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>

#include "agent/ledger_query.hpp"

namespace agent {

namespace {

using nlohmann::json;

constexpr std::string_view kPhase = "validate";

std::string new_run() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(now).count()) + "-" +
         std::to_string(getpid());
}

json routes_json(const validate::Outcome& outcome) {
  json routes = json::array();
  for (const validate::RouteOutcome& route : outcome.routes) {
    routes.push_back({{"name", route.name},
                      {"match", route.match()},
                      {"complete", route.is_complete()},
                      {"source_rows", route.source_rows()},
                      {"target_rows", route.target_rows()},
                      {"missing", route.missing},
                      {"different", route.different},
                      {"extra", route.extra},
                      {"parked", route.parked},
                      {"quarantined", route.quarantined},
                      {"accepted", route.accepted}});
  }
  return routes;
}

}  // namespace

void record_validation(pg::Session& target, const std::string& ledger_schema, const validate::Outcome& outcome,
                       const validate::FindingOrigin& origin, const Census& census, bool was_interrupted) {
  std::int64_t expected = 0;
  std::int64_t matched = 0;
  std::int64_t failed = 0;
  for (const validate::RouteOutcome& route : outcome.routes) {
    expected += route.source_rows();
    matched += route.matched;
    failed += route.missing + route.different + route.extra + route.parked + route.quarantined;
  }
  const json detail = {{"lsn", outcome.lsn.to_string()},
                       {"match", outcome.match()},
                       {"complete", outcome.is_complete()},
                       {"whole", outcome.tables.empty() && !outcome.is_counted_only},
                       {"tables", outcome.tables},
                       {"counts_only", outcome.is_counted_only},
                       {"pair", origin.identity},
                       {"meaning", origin.meaning},
                       {"actor", outcome.actor},
                       {"seconds", outcome.seconds},
                       {"routes", routes_json(outcome)},
                       {"census", to_json(census)}};
  const std::string run = new_run();
  const std::string status = was_interrupted && outcome.match() ? "interrupted" : "done";
  const std::string text = detail.dump(-1, ' ', false, json::error_handler_t::replace);
  const std::string seconds = std::to_string(outcome.seconds);
  const std::string numbers[] = {std::to_string(expected), std::to_string(matched), std::to_string(failed)};
  // Both times by the target's clock, like all others in this table.
  target.exec(
      "insert into " + ledger_table(ledger_schema, "migration_control") +
          " (run, phase, route, status, records_total, records_processed, records_failed, started_at, "
          "finished_at, detail) values ($1, $2, '', $3, $4::pg_catalog.int8, $5::pg_catalog.int8, "
          "$6::pg_catalog.int8, pg_catalog.now() - $7::pg_catalog.float8 * interval '1 second', "
          "pg_catalog.now(), $8::pg_catalog.jsonb)",
      {std::string_view{run}, kPhase, std::string_view{status}, std::string_view{numbers[0]},
       std::string_view{numbers[1]}, std::string_view{numbers[2]}, std::string_view{seconds}, std::string_view{text}});
}

std::optional<ValidationRecord> last_whole_validation(pg::Session& target, const std::string& ledger_schema,
                                                      const validate::FindingOrigin& origin) {
  if (!has_ledger_table(target, ledger_schema, "migration_control")) return std::nullopt;
  const std::string table = ledger_table(ledger_schema, "migration_control");
  const pg::Result found = target.exec(
      "select v.finished_at, v.detail, not exists (select from " + table +
          " s where s.phase = $4 and s.finished_at > v.started_at) from " + table +
          " v where v.phase = $1 and v.status = 'done' and (v.detail ->> 'whole')::pg_catalog.bool and v.detail ->> "
          "'pair' = $2 and v.detail ->> 'meaning' = $3 order by v.finished_at desc limit 1",
      {kPhase, std::string_view{origin.identity}, std::string_view{origin.meaning}, std::string_view{kSnapshotPhase}});
  if (found.rows() == 0) return std::nullopt;
  const json detail = json::parse(found.text(0, 1));
  return ValidationRecord{.finished_at = found.text(0, 0),
                          .lsn = core::Lsn::parse(detail.value("lsn", "")).value_or(core::Lsn{}),
                          .match = detail.value("match", false),
                          .is_complete = detail.value("complete", false),
                          .is_of_this_copy = found.is_true(0, 2),
                          .census = census_of(detail.value("census", json{}))};
}

std::string validation_obstacle(const std::optional<ValidationRecord>& record) {
  if (!record) return "no validation of everything is on record for this mapping: run `agent validate`";
  if (!record->match) {
    return "the last validation (" + record->finished_at +
           ") found source and target not equal: see `agent repair --dry-run`, then run `agent validate` again";
  }
  if (!record->is_complete) {
    return "the last validation (" + record->finished_at +
           ") could not check everything: run `agent validate`, which says what and why";
  }
  if (!record->is_of_this_copy) {
    return "a snapshot was taken since the last validation (" + record->finished_at + "): run `agent validate`";
  }
  return {};
}

}  // namespace agent
