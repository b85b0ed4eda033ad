#include "cutover/settle.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "core/error.hpp"
#include "cutover/audit.hpp"
#include "cutover/canceled_by_stop.hpp"
#include "cutover/definition.hpp"
#include "cutover/schema_changes.hpp"
#include "cutover/sequence.hpp"
#include "cutover/settle_rights.hpp"
#include "pg/quoting.hpp"

namespace cutover {

namespace {

using core::Error;
using core::ErrorKind;

/// Constraints of the table $1 that rows were never held against, but those that a parent's statement reaches: name; what a row that breaks it is (of a
/// check, or of NOT NULL, which has constraints since 18); whether it is enforced (before 18, all of them are).
constexpr std::string_view kUnvalidated = R"sql(
select k.conname,
       case k.contype when 'c' then 'not (' || pg_catalog.pg_get_expr(k.conbin, k.conrelid) || ')' when 'n' then pg_catalog.quote_ident(a.attname) || ' is null' end,
       coalesce(pg_catalog.to_jsonb(k) ->> 'conenforced', 'true')::pg_catalog.bool
from pg_catalog.pg_constraint k
left join pg_catalog.pg_attribute a on k.contype = 'n' and a.attrelid = k.conrelid and a.attnum = k.conkey[1]
where k.conrelid = $1::pg_catalog.regclass and not k.convalidated and k.contype in ('c', 'f', 'n') and k.conparentid = 0 and k.coninhcount = 0
order by k.contype, k.conname)sql";

/// Triggers of the table $1 that are off: name, the constraint that one of the server's own stands for, whether this role may switch such on.
constexpr std::string_view kDisabled = R"sql(
select t.tgname, case when t.tgisinternal then k.conname end, r.rolsuper
from pg_catalog.pg_trigger t
join pg_catalog.pg_roles r on r.rolname = current_user
left join pg_catalog.pg_constraint k on k.oid = t.tgconstraint
where t.tgrelid = $1::pg_catalog.regclass and t.tgenabled = 'D'
order by t.tgname)sql";

struct Constraint {
  std::string name;
  std::string sql;
  std::string count_sql;  ///< how many rows break it; empty: only the server can tell
};

struct Trigger {
  std::string name;  ///< for people
  std::string sql;
  std::string undo;
};

/// One table, as it is found.
struct Unsettled {
  core::QualifiedName table;
  Sequences sequences;
  std::vector<Constraint> constraints;
  std::vector<std::string> unenforced;
  std::vector<Trigger> triggers;
  std::vector<std::string> kept_disabled;
  std::string analyze_sql;
  SettleRights rights;
};

std::string alter(const core::QualifiedName& table) { return "ALTER TABLE " + pg::quote_name(table) + " "; }

void find_unvalidated(pg::Session& target, Unsettled& unsettled) {
  const core::QualifiedName& table = unsettled.table;
  const std::string relation = pg::quote_name(table);
  const pg::Result found = target.exec(kUnvalidated, {std::string_view{relation}});
  for (std::size_t row = 0; row < found.rows(); ++row) {
    if (!found.is_true(row, 2)) {
      unsettled.unenforced.push_back(table.display() + "." + found.text(row, 0));
      continue;
    }
    Constraint constraint{.name = found.text(row, 0),
                          .sql = alter(table) + "VALIDATE CONSTRAINT " + pg::quote_identifier(found.text(row, 0)),
                          .count_sql = {}};
    if (found.get(row, 1))
      constraint.count_sql = "select pg_catalog.count(*) from " + relation + " where " + found.text(row, 1);
    unsettled.constraints.push_back(std::move(constraint));
  }
}

void find_disabled(pg::Session& target, const SettleOrder& order, Unsettled& unsettled) {
  const std::string relation = pg::quote_name(unsettled.table);
  const pg::Result found = target.exec(kDisabled, {std::string_view{relation}});
  for (std::size_t row = 0; row < found.rows(); ++row) {
    const std::string quoted = pg::quote_identifier(found.text(row, 0));
    const std::string name = unsettled.table.display() + "." + found.text(row, 0);
    if (found.get(row, 1) && !found.is_true(row, 2)) {
      throw Error(ErrorKind::Refused, "a foreign key of the target is not enforced: its own triggers are switched off")
          .with("table", unsettled.table.display())
          .with("constraint", found.text(row, 1))
          .remedy("only a superuser may switch them on: " + alter(unsettled.table) + "ENABLE TRIGGER ALL");
    }
    if (!found.get(row, 1) && std::ranges::find(order.keep_disabled, name) != order.keep_disabled.end()) {
      unsettled.kept_disabled.push_back(name);
      continue;
    }
    unsettled.triggers.push_back({.name = name,
                                  .sql = alter(unsettled.table) + "ENABLE TRIGGER " + quoted,
                                  .undo = alter(unsettled.table) + "DISABLE TRIGGER " + quoted});
  }
}

/// All of it is known before anybody has to wait for it.
void require_rights(pg::Session& target, const std::vector<Unsettled>& found) {
  std::vector<std::string> missing;
  for (const Unsettled& one : found)
    missing.insert(missing.end(), one.rights.missing.begin(), one.rights.missing.end());
  if (missing.empty()) return;
  const std::string role = pg::quote_identifier(target.exec("select current_user").text(0, 0));
  throw Error(ErrorKind::Refused,
              "the agent's role lacks rights that it takes to make the target ready for its writers")
      .with("role", role)
      .with("missing", fmt::format("{}", fmt::join(missing, "; ")))
      .remedy("GRANT SELECT, UPDATE ON SEQUENCE … TO " + role + ", and GRANT the tables' owner TO " + role +
              ", or let the owner validate constraints and switch triggers on himself");
}

/// A list that names what is not off has a slip of the pen in it.
void require_all_found(const SettleOrder& order, const std::vector<Unsettled>& found) {
  for (const std::string& name : order.keep_disabled) {
    if (std::ranges::any_of(found, [&](const Unsettled& one) {
          return std::ranges::find(one.kept_disabled, name) != one.kept_disabled.end();
        })) {
      continue;
    }
    throw Error(ErrorKind::Refused, "settle.keep_disabled of the mapping names a trigger that is not switched off")
        .with("trigger", name)
        .remedy("write it as table.trigger, of a table that a route writes; or take it out of the list");
  }
}

std::vector<Unsettled> look(pg::Session& target, const SettleOrder& order) {
  qualify_names(target);
  std::vector<Unsettled> found;
  for (const core::QualifiedName& table : order.tables) {
    Unsettled unsettled{.table = table,
                        .sequences = find_sequences(target, table),
                        .constraints = {},
                        .unenforced = {},
                        .triggers = {},
                        .kept_disabled = {},
                        .analyze_sql = "ANALYZE " + pg::quote_name(table),
                        .rights = {}};
    find_unvalidated(target, unsettled);
    find_disabled(target, order, unsettled);
    unsettled.rights = settle_rights(target, table, unsettled.sequences.found,
                                     !unsettled.constraints.empty() || !unsettled.triggers.empty());
    found.push_back(std::move(unsettled));
  }
  require_all_found(order, found);
  require_rights(target, found);
  return found;
}

bool advance(pg::Session& target, const Sequence& sequence) {
  const auto exhausted = [&sequence] {
    return Error(ErrorKind::Refused, "a sequence of the target has no value beyond the rows that were copied")
        .with("table", sequence.table.display())
        .with("column", sequence.column)
        .with("sequence", sequence.name)
        .with("last_value", sequence.last)
        .remedy("give it room (ALTER SEQUENCE … AS bigint, MAXVALUE …), and its column a type that holds that");
  };
  try {
    const pg::Result moved = target.exec(sequence.advance_sql);
    if (moved.rows() == 0 || !moved.get(0, 0)) return false;
    if (moved.text(0, 0) == sequence.last && !sequence.is_cyclic) throw exhausted();
    return true;
  } catch (const Error& error) {
    if (error.sqlstate() == "22003") throw exhausted().sqlstate(error.sqlstate());
    throw;
  }
}

void validate(pg::Session& target, const core::QualifiedName& table, const Constraint& constraint) {
  target.exec("savepoint validating");
  try {
    target.exec(constraint.sql);
  } catch (const Error& error) {
    if (error.sqlstate() != "23514" && error.sqlstate() != "23503" && error.sqlstate() != "23502") throw;
    target.exec("rollback to savepoint validating");
    Error broken(ErrorKind::Refused, "rows of the target break a constraint that was never validated");
    broken.with("table", table.display()).with("constraint", constraint.name);
    if (!constraint.count_sql.empty()) broken.with("rows", target.exec(constraint.count_sql).text(0, 0));
    throw broken.sqlstate(error.sqlstate())
        .remedy(
            "put the rows right in the mapping or on the source (a foreign key's: `agent validate` counts and names "
            "them), or drop the constraint, then go on");
  }
}

}  // namespace

Plan settle_plan(pg::Session& target, const SettleOrder& order) {
  Plan plan;
  for (const Unsettled& one : look(target, order)) {
    const std::string table = one.table.display();
    for (const Sequence& sequence : one.sequences.found)
      plan.push_back(
          {sequence.advance_sql, {}, "the next value of " + table + "." + sequence.column + " is a new one"});
    for (const std::string& column : one.sequences.unclear)
      plan.push_back({"-- " + column, {}, "its default calls a sequence: look yourself that the next value is free"});
    for (const Constraint& constraint : one.constraints)
      plan.push_back({constraint.sql, "SHARE UPDATE EXCLUSIVE on " + table, "rows were never held against it"});
    for (const std::string& constraint : one.unenforced)
      plan.push_back({"-- " + constraint, {}, "stays NOT ENFORCED, as it was made"});
    for (const Trigger& trigger : one.triggers)
      plan.push_back({trigger.sql, "SHARE ROW EXCLUSIVE on " + table, "it was switched off for the migration"});
    for (const std::string& trigger : one.kept_disabled)
      plan.push_back({"-- " + trigger, {}, "stays switched off, as settle.keep_disabled says"});
    if (one.rights.may_analyze) {
      plan.push_back({one.analyze_sql, "SHARE UPDATE EXCLUSIVE on " + table, "statistics for its queries"});
    } else {
      plan.push_back({"-- " + one.analyze_sql, {}, "the agent's role may not: have its owner do so"});
    }
  }
  return plan;
}

Settled settle(pg::Session& target, const SettleOrder& order, const Patience& patience, const std::stop_token& stop) {
  Settled settled;
  const CanceledByStop canceling{target, stop};
  const SchemaChanges ledger{order.ledger_schema};
  for (const Unsettled& one : look(target, order)) {
    const std::string table = one.table.display();
    const auto run = [&](const std::function<void()>& work) {
      patiently(target, "settling " + table, std::span{&one.table, 1}, patience, stop, work);
    };
    for (const Sequence& sequence : one.sequences.found) {
      bool has_moved = false;
      run([&] { has_moved = advance(target, sequence); });
      if (has_moved) ++settled.sequences;
    }
    for (const Constraint& constraint : one.constraints) {
      run([&] { validate(target, one.table, constraint); });
      settled.constraints.push_back(table + "." + constraint.name);
    }
    for (const Trigger& trigger : one.triggers) {
      run([&] {
        ledger.prepare(target);
        target.exec(trigger.sql);
        ledger.add(target, {.kind = SchemaChange::Kind::Trigger,
                            .table = table,
                            .applied = trigger.sql,
                            .undo = trigger.undo,
                            .archive = {},
                            .run = {},
                            .remark = {}});
      });
      settled.triggers.push_back(trigger.name);
    }
    if (one.rights.may_analyze) {
      run([&] { target.exec(one.analyze_sql); });
    } else {
      settled.unanalyzed.push_back(table);
    }
    const auto append = [](std::vector<std::string>& to, const std::vector<std::string>& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(settled.kept_disabled, one.kept_disabled);
    append(settled.unclear_sequences, one.sequences.unclear);
    append(settled.unenforced, one.unenforced);
  }
  audit(target, order.ledger_schema, order.actor, "cutover", "settled",
        {{"sequences", settled.sequences},
         {"constraints", settled.constraints},
         {"triggers", settled.triggers},
         {"kept_disabled", settled.kept_disabled},
         {"unclear_sequences", settled.unclear_sequences}});
  return settled;
}

std::int64_t unsettle(pg::Session& target, const std::string& ledger_schema, const std::string& actor,
                      const Patience& patience, const std::stop_token& stop) {
  const SchemaChanges ledger{ledger_schema};
  if (!ledger.exist(target) || !ledger.is_prepared(target)) return 0;
  const std::vector<SchemaChange> changes = ledger.standing(target, {SchemaChange::Kind::Trigger});
  for (const SchemaChange& change : changes) {
    patiently(target, "switching off again what settling switched on", {}, patience, stop, [&] {
      target.exec(change.undo);
      ledger.note_undone(target, change.id);
      audit(target, ledger_schema, actor, "rollback cutover", change.table, {{"sql", change.undo}});
    });
  }
  return static_cast<std::int64_t>(changes.size());
}

}  // namespace cutover
