#include "agent/census.hpp"

#include <nlohmann/json.hpp>

namespace agent {

using nlohmann::json;

json to_json(const Census& census) {
  return {
      {"source_xmin", census.source_xmin}, {"source_rows", census.source_rows}, {"target_rows", census.target_rows}};
}

Census census_of(const json& detail) {
  if (!detail.is_object()) return {};
  return {.source_xmin = detail.value("source_xmin", std::uint64_t{0}),
          .source_rows = detail.value("source_rows", std::map<std::string, std::int64_t>{}),
          .target_rows = detail.value("target_rows", std::map<std::string, std::int64_t>{})};
}

std::uint64_t oldest_unseen_transaction(pg::Session& source) {
  return static_cast<std::uint64_t>(
      source.exec("select pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())").integer(0, 0));
}

}  // namespace agent
