#pragma once

#include <string_view>

/// What a validation reads of the ledger. `{schema}` stands for the quoted ledger schema.
namespace validate::ledger_sql {

/// Of several lines about a row, an open one counts, else the newest.
inline constexpr std::string_view kQuarantine = R"sql(
select distinct on (route, legacy_key) route, legacy_key, resolved_at is null, resolution is not distinct from 'discarded',
  case when error_category is null or error_category = '' then '' else error_category || ': ' end || message
from {schema}.quarantine where op <> 'delete'
order by route, legacy_key, resolved_at is null desc, id desc)sql";

inline constexpr std::string_view kUnremoved = R"sql(
select route, target_key[1], target_key[2], target_key[3], target_key[4], target_key[5], target_key[6], target_key[7], target_key[8]
from {schema}.quarantine where op = 'delete' and resolved_at is null)sql";

inline constexpr std::string_view kAdopted = R"sql(
select legacy_key, uuid from {schema}.stored_mappings where entity = $1 and adopted)sql";

/// $1 entity, $2 UUIDs
inline constexpr std::string_view kKnownIds = R"sql(
select legacy_key, uuid from {schema}.migration_mappings where entity = $1 and uuid = any ($2::text[]::uuid[]))sql";

/// $1 route, $2 array literals of target keys
inline constexpr std::string_view kRememberedKeys = R"sql(
select distinct on (x.k) m.legacy_key, x.k from unnest($2::text[]) as x(k)
join {schema}.remembered_keys m on m.target_key = x.k::text[] where m.route = $1 order by x.k, m.legacy_key)sql";

}  // namespace validate::ledger_sql
