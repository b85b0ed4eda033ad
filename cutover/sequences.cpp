#include "cutover/sequences.hpp"

#include <string>

#include "pg/quoting.hpp"

namespace cutover {

namespace {

/// Columns with a sequence of their own (serial or identity) of a table.
constexpr std::string_view kSequences = R"sql(
select a.attname, s.oid::pg_catalog.regclass::text
from pg_catalog.pg_attribute a
join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
  and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype in ('a', 'i')
join pg_catalog.pg_class s on s.oid = d.objid and s.relkind = 'S'
where a.attrelid = $1::pg_catalog.regclass and not a.attisdropped
order by a.attnum)sql";

}  // namespace

Plan settling(pg::Session& target, const std::set<core::QualifiedName>& tables) {
  Plan plan;
  for (const core::QualifiedName& table : tables) {
    const std::string name = pg::quote_name(table);
    const pg::Result found = target.exec(kSequences, {std::string_view{name}});
    for (std::size_t row = 0; row < found.rows(); ++row) {
      const std::string column = pg::quote_identifier(found.text(row, 0));
      const std::string sequence = found.text(row, 1);
      plan.push_back({"SELECT pg_catalog.setval(" + pg::quote_literal(sequence) +
                          "::regclass, m.highest) FROM (SELECT max(" + column + ") AS highest FROM " + name + ") m, " +
                          sequence +
                          " s WHERE m.highest > s.last_value OR (m.highest = s.last_value AND NOT s.is_called)",
                      "", "the next number of " + table.display() + "." + found.text(row, 0) + " is a new one"});
    }
    plan.push_back({"ANALYZE " + name, "SHARE UPDATE EXCLUSIVE on " + table.display(), "statistics for its queries"});
  }
  return plan;
}

}  // namespace cutover
