#include "agent/quarantine_ledger.hpp"

#include <nlohmann/json.hpp>

#include "agent/ledger_query.hpp"

namespace agent {

namespace {

/// $1 a JSON array of keys, or NULL for all; $2 a route, or empty for all.
constexpr std::string_view kSelected =
    " where resolved_at is null"
    " and ($1::pg_catalog.jsonb is null or $1::pg_catalog.jsonb operator(pg_catalog.?) legacy_key)"
    " and ($2 = '' or route = $2)";

std::optional<std::string> keys_json(const QuarantineSelection& selection) {
  if (selection.keys.empty()) return std::nullopt;
  return nlohmann::json(selection.keys).dump();
}

pg::Param param(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return std::string_view{*text};
}

}  // namespace

std::vector<QuarantinedRow> read_quarantine(pg::Session& target, const std::string& ledger_schema,
                                            const QuarantineSelection& selection, std::size_t limit) {
  if (!has_ledger_table(target, ledger_schema, "quarantine")) return {};
  const std::optional<std::string> keys = keys_json(selection);
  const std::string most = std::to_string(limit);
  const pg::Result result = target.exec(
      "select id, route, legacy_key, op, error_category, sqlstate, message, remedy, lsn, attempts, first_seen, "
      "last_seen from " +
          ledger_table(ledger_schema, "quarantine") + std::string(kSelected) + " order by id limit $3::pg_catalog.int8",
      {param(keys), std::string_view{selection.route}, std::string_view{most}});
  std::vector<QuarantinedRow> rows;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    rows.push_back({.id = result.integer(row, 0),
                    .route = result.text(row, 1),
                    .legacy_key = result.text(row, 2),
                    .operation = result.text(row, 3),
                    .category = result.text(row, 4),
                    .sqlstate = result.text(row, 5),
                    .message = result.text(row, 6),
                    .remedy = result.text(row, 7),
                    .lsn = result.text(row, 8),
                    .attempts = result.integer(row, 9),
                    .first_seen = result.text(row, 10),
                    .last_seen = result.text(row, 11)});
  }
  return rows;
}

std::int64_t count_quarantine(pg::Session& target, const std::string& ledger_schema,
                              const QuarantineSelection& selection) {
  if (!has_ledger_table(target, ledger_schema, "quarantine")) return 0;
  const std::optional<std::string> keys = keys_json(selection);
  return target
      .exec("select pg_catalog.count(*) from " + ledger_table(ledger_schema, "quarantine") + std::string(kSelected),
            {param(keys), std::string_view{selection.route}})
      .integer(0, 0);
}

std::optional<std::string> read_quarantined_image(pg::Session& target, const std::string& ledger_schema,
                                                  std::int64_t id) {
  const std::string number = std::to_string(id);
  const pg::Result result =
      target.exec("select row from " + ledger_table(ledger_schema, "quarantine") + " where id = $1::pg_catalog.int8",
                  {std::string_view{number}});
  if (result.rows() == 0 || !result.get(0, 0)) return std::nullopt;
  return result.text(0, 0);
}

std::uint64_t discard_quarantined(pg::Session& target, const std::string& ledger_schema,
                                  const QuarantineSelection& selection,
                                  const apply::QuarantineTable::Acceptance& acceptance, std::int64_t last,
                                  std::size_t limit) {
  const std::optional<std::string> keys = keys_json(selection);
  const std::string newest = std::to_string(last);
  const std::string most = std::to_string(limit);
  const std::string table = ledger_table(ledger_schema, "quarantine");
  return target
      .exec("update " + table +
                " set resolved_at = pg_catalog.now(), resolution = 'discarded', actor = $3, reason = $4 where id in "
                "(select id from " +
                table + std::string(kSelected) +
                " and id <= $5::pg_catalog.int8 order by id limit $6::pg_catalog.int8)",
            {param(keys), std::string_view{selection.route}, std::string_view{acceptance.actor},
             std::string_view{acceptance.reason}, std::string_view{newest}, std::string_view{most}})
      .affected_rows();
}

std::vector<AcceptedRow> read_accepted(pg::Session& target, const std::string& ledger_schema, const std::string& route,
                                       std::size_t limit) {
  if (!has_ledger_table(target, ledger_schema, "quarantine")) return {};
  const std::string most = std::to_string(limit);
  const pg::Result result = target.exec(
      "select route, legacy_key, op, resolved_at, coalesce(actor, ''), coalesce(reason, '') from " +
          ledger_table(ledger_schema, "quarantine") +
          " where resolution = 'discarded' and ($1 = '' or route = $1) order by id limit $2::pg_catalog.int8",
      {std::string_view{route}, std::string_view{most}});
  std::vector<AcceptedRow> rows;
  for (std::size_t row = 0; row < result.rows(); ++row) {
    rows.push_back({.route = result.text(row, 0),
                    .legacy_key = result.text(row, 1),
                    .operation = result.text(row, 2),
                    .at = result.text(row, 3),
                    .actor = result.text(row, 4),
                    .reason = result.text(row, 5)});
  }
  return rows;
}

}  // namespace agent
