#include "cutover/sequence.hpp"

#include <fmt/format.h>

#include "pg/quoting.hpp"

namespace cutover {

namespace {

/// Columns of the table $1 that have a sequence of their own or whose default reads one: column; sequence, quoted; whether its values are just those
/// of the sequence; whether it counts up; its last value; whether it begins anew then. No sequence: the default calls one that only its text names.
constexpr std::string_view kSequences = R"sql(
with reads as (
  select d.refobjsubid as attnum, d.objid as seq from pg_catalog.pg_depend d
  where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = $1::pg_catalog.regclass
    and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype in ('a', 'i')
  union
  select e.adnum, d.refobjid from pg_catalog.pg_attrdef e
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and d.objid = e.oid
    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  where e.adrelid = $1::pg_catalog.regclass),
sequences as (
  select r.attnum, s.*, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) as name
  from reads r join pg_catalog.pg_sequence s on s.seqrelid = r.seq join pg_catalog.pg_class c on c.oid = r.seq
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace)
select a.attname, s.name,
  a.atttypid in ('int2'::pg_catalog.regtype, 'int4'::pg_catalog.regtype, 'int8'::pg_catalog.regtype, 'numeric'::pg_catalog.regtype)
    and (d.oid is null or pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ '^nextval\(''[^'']*(''''[^'']*)*''::regclass\)$'),
  s.seqincrement > 0, case when s.seqincrement > 0 then s.seqmax else s.seqmin end, s.seqcycle
from pg_catalog.pg_attribute a
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join sequences s on s.attnum = a.attnum
where a.attrelid = $1::pg_catalog.regclass and a.attnum > 0 and not a.attisdropped
  and (s.name is not null or pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ '\mnextval\(')
order by a.attnum, s.name)sql";

}  // namespace

Sequences find_sequences(pg::Session& target, const core::QualifiedName& table) {
  const std::string relation = pg::quote_name(table);
  const pg::Result rows = target.exec(kSequences, {std::string_view{relation}});
  Sequences sequences;
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    const std::string column = rows.text(row, 0);
    if (!rows.get(row, 1) || !rows.is_true(row, 2)) {
      sequences.unclear.push_back(table.display() + "." + column);
      continue;
    }
    Sequence sequence{.table = table,
                      .column = column,
                      .name = rows.text(row, 1),
                      .advance_sql = {},
                      .last = rows.text(row, 4),
                      .is_cyclic = rows.is_true(row, 5)};
    const bool counts_up = rows.is_true(row, 3);
    // One that begins anew may be asked for less than its column holds.
    const std::string bound = fmt::format("{}({}({}), {})", counts_up ? "least" : "greatest", counts_up ? "max" : "min",
                                          pg::quote_identifier(column), sequence.last);
    const std::string furthest =
        sequence.is_cyclic ? bound : fmt::format("{}({})", counts_up ? "max" : "min", pg::quote_identifier(column));
    sequence.advance_sql = fmt::format(
        "SELECT pg_catalog.setval({0}::regclass, m.furthest) FROM (SELECT {1}::bigint AS furthest FROM {2}) m, {3} s "
        "WHERE m.furthest {4} s.last_value OR (m.furthest = s.last_value AND NOT s.is_called)",
        pg::quote_literal(sequence.name), furthest, relation, sequence.name, counts_up ? ">" : "<");
    sequences.found.push_back(std::move(sequence));
  }
  return sequences;
}

}  // namespace cutover
