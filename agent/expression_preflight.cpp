#include "agent/expression_preflight.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "agent/probe_position.hpp"
#include "core/array_literal.hpp"
#include "core/error.hpp"
#include "core/value.hpp"
#include "mapping/expression.hpp"
#include "mapping/scalar_position.hpp"
#include "mapping/statement.hpp"
#include "mapping/volatility.hpp"

namespace agent {

namespace {

constexpr std::uint32_t kUuidOid = 2950;
constexpr std::string_view kInsufficientPrivilege = "42501";

Finding at(const mapping::MappingFile& file, mapping::SourcePosition position, std::string message,
           std::string remedy) {
  return {.severity = Severity::Error,
          .area = Area::Mapping,
          .message = std::move(message),
          .remedy = std::move(remedy),
          .file = file.path,
          .line = position.line,
          .column = position.column};
}

std::string remedy_for(const core::Error& error, const std::string& type) {
  const std::string& code = error.sqlstate();
  if (code == "42703")
    return "check the name: columns of the source row stand alone, those of a join after its alias; names that need "
           "quotes in SQL need them here";
  if (code == "42883")
    return "check the function or operator and the types of its arguments; a cast (::) may be missing";
  if (code == "42804" && !type.empty()) return "cast the expression to the column's type: (…)::" + type;
  if (code == "42704") return "check the name of the type";
  return "correct the expression; names resolve with search_path = public, pg_catalog";
}

std::string told(const std::string& subject, const core::Error& error) {
  return subject + ": " + error.message() + (error.sqlstate().empty() ? "" : " (SQLSTATE " + error.sqlstate() + ")");
}

/// A kind of function that the probes refuse, since it makes something else of a row than one value.
struct WrongKind {
  std::string_view sqlstate;
  std::string_view words;  ///< of the server's message, where its code says too little
  std::string_view is;
  std::string_view remedy;
};

constexpr std::array kWrongKinds = std::to_array<WrongKind>({
    {"0A000", "set-returning",
     "is a set-returning function: a row for which it gives nothing would be lost, one for which it gives more doubled",
     "use a function that gives one value (such as regexp_match instead of regexp_matches), or a sub-select that gives "
     "one: (SELECT …)"},
    {"42803", "", "is an aggregate function: its value would depend on which rows are written together",
     "use a function of the row alone; over the rows of a `many: true` join, a sub-select: (SELECT … FROM unnest(…))"},
    {"42P20", "", "is a window function: its value would depend on which rows are written together",
     "use a function of the row alone"},
});

const WrongKind* wrong_kind(const core::Error& error) {
  const auto* const kind = std::ranges::find_if(kWrongKinds, [&](const WrongKind& candidate) {
    return error.sqlstate() == candidate.sqlstate && error.message().find(candidate.words) != std::string::npos;
  });
  return kind == kWrongKinds.end() ? nullptr : kind;
}

/// What is called at this place of an expression, as a finding names it.
std::string called_at(const mapping::Scalar& scalar, std::size_t offset) {
  const std::vector<mapping::FunctionUse> functions = mapping::parse_expression(scalar.text).functions;
  const auto use = std::ranges::find(functions, offset, &mapping::FunctionUse::offset);
  return use == functions.end() ? "what stands here" : use->name + "()";
}

/// Lets the target judge statements; remembers what it refused, and where that stands in the file.
class ExpressionJudge {
 public:
  ExpressionJudge(const mapping::MappingFile& file, pg::Session& target) : file_(file), target_(target) {}

  void column(const mapping::Plan& plan, const mapping::Route& route, const mapping::RouteEntry& entry,
              std::size_t number) {
    const mapping::TargetColumn& column = route.columns[number];
    judge(mapping::probe_column(plan, route, number), column.sql, scalar_of(entry.columns, column.name), column.at,
          "route " + route.name + ", column " + column.name, column.declared_type);
  }

  void where(const mapping::Plan& plan, const mapping::Route& route, const mapping::RouteEntry& entry) {
    if (!entry.where) return;
    judge(mapping::probe_where(plan, route), entry.where->text, &*entry.where, entry.where->at,
          "route " + route.name + ", where", "");
  }

  void set(const mapping::Route& route, const mapping::RouteEntry& entry, std::size_t number) {
    const mapping::TargetColumn& column = route.set_on_delete[number];
    judge(mapping::probe_set(route, number), column.sql, scalar_of(entry.set_on_delete, column.name), column.at,
          "route " + route.name + ", on_delete, column " + column.name, column.declared_type);
  }

  /// A query of the mapping, as it stands. Returns its columns if the target takes it.
  std::optional<std::vector<pg::ResultColumn>> query(const mapping::Scalar& scalar, const std::string& subject) {
    return judge(scalar.text, scalar.text, &scalar, scalar.at, subject, "");
  }

  void report(mapping::SourcePosition position, std::string message, std::string remedy) {
    findings_.push_back(at(file_, position, std::move(message), std::move(remedy)));
  }

  [[nodiscard]] std::vector<Finding> take() && { return std::move(findings_); }

 private:
  static const mapping::Scalar* scalar_of(const std::vector<mapping::ColumnEntry>& entries, const std::string& name) {
    const auto entry = std::find_if(entries.begin(), entries.end(),
                                    [&](const mapping::ColumnEntry& e) { return e.name.text == name; });
    return entry == entries.end() ? nullptr : &entry->expression;
  }

  std::optional<std::vector<pg::ResultColumn>> judge(const std::string& probe, const std::string& sql,
                                                     const mapping::Scalar* scalar, mapping::SourcePosition position,
                                                     const std::string& subject, const std::string& type) {
    try {
      return target_.describe(probe);
    } catch (const core::Error& error) {
      if (target_.is_broken() || error.is_transient()) throw;
      if (error.sqlstate() == kInsufficientPrivilege) {
        findings_.push_back({.severity = Severity::Error,
                             .area = Area::Target,
                             .message = told(subject, error),
                             .remedy = "grant the role what it lacks; under row-level security, BYPASSRLS",
                             .file = {}});
        return std::nullopt;
      }
      std::string called = "a part of it";
      if (scalar != nullptr) {
        const auto offset = offset_in_expression(probe, error.context("position"), sql, scalar->text);
        if (offset) {
          position = mapping::position_in(file_.text, *scalar, *offset);
          called = called_at(*scalar, *offset);
        }
      }
      if (const WrongKind* kind = wrong_kind(error)) {
        report(position, subject + ": " + called + " " + std::string(kind->is) + " (SQLSTATE " + error.sqlstate() + ")",
               std::string(kind->remedy));
        return std::nullopt;
      }
      report(position, told(subject, error), remedy_for(error, type));
      return std::nullopt;
    }
  }

  const mapping::MappingFile& file_;
  pg::Session& target_;
  std::vector<Finding> findings_;
};

/// Every expression of the file, with what a finding calls it.
template <typename Visit>
void for_each_expression(const mapping::MappingFile& file, const Visit& visit) {
  for (const mapping::RouteEntry& route : file.routes) {
    const std::string subject = "route " + (route.name ? route.name->text : route.to.text);
    if (route.where) visit(*route.where, subject + ", where");
    for (const mapping::ColumnEntry& column : route.columns)
      visit(column.expression, subject + ", column " + column.name.text);
    for (const mapping::ColumnEntry& column : route.set_on_delete)
      visit(column.expression, subject + ", on_delete, column " + column.name.text);
  }
}

using FunctionName = std::pair<std::string, std::string>;  // schema (empty: on the search path) and name

/// Of these functions, those that the target has in volatile versions only.
std::set<FunctionName> volatile_functions(pg::Session& target, const std::set<FunctionName>& names) {
  std::string schemas = "{";
  std::string functions = "{";
  for (const auto& [schema, function] : names) {
    if (schemas.size() > 1) {
      schemas += ',';
      functions += ',';
    }
    core::append_array_element(schemas, core::Value::of(schema));
    core::append_array_element(functions, core::Value::of(function));
  }
  schemas += '}';
  functions += '}';
  const pg::Result result = target.exec(
      "select f.schema, f.name from rows from (pg_catalog.unnest($1::pg_catalog.text[]), "
      "pg_catalog.unnest($2::pg_catalog.text[])) as f (schema, name)"
      " join pg_catalog.pg_proc p on p.proname = f.name join pg_catalog.pg_namespace n on n.oid = p.pronamespace"
      " where case f.schema when '' then n.nspname in ('public', 'pg_catalog') else n.nspname = f.schema end"
      " group by 1, 2 having pg_catalog.bool_and(p.provolatile = 'v')",
      {std::string_view{schemas}, std::string_view{functions}});
  std::set<FunctionName> found;
  for (std::size_t row = 0; row < result.rows(); ++row) found.emplace(result.text(row, 0), result.text(row, 1));
  return found;
}

}  // namespace

std::vector<Finding> judge_expressions(const mapping::MappingFile& file, const mapping::Plan& plan,
                                       pg::Session& target) {
  ExpressionJudge judge(file, target);
  for (std::size_t i = 0; i < plan.routes.size() && i < file.routes.size(); ++i) {
    const mapping::Route& route = plan.routes[i];
    const mapping::RouteEntry& entry = file.routes[i];
    judge.where(plan, route, entry);
    for (std::size_t column = 0; column < route.columns.size(); ++column) judge.column(plan, route, entry, column);
    for (std::size_t column = 0; column < route.set_on_delete.size(); ++column) judge.set(route, entry, column);
  }
  for (const mapping::EntityEntry& entity : file.entities) {
    if (!entity.adopt) continue;
    const auto columns = judge.query(*entity.adopt, "entity " + entity.name.text + ", adopt");
    if (columns && (columns->size() != 2 || columns->back().type.value != kUuidOid)) {
      judge.report(entity.adopt->at,
                   "entity " + entity.name.text + ", adopt: the query gives something else than a key and a uuid",
                   "select two columns: the legacy key and the uuid");
    }
  }
  for (const mapping::ReconcileEntry& entry : file.reconcile)
    judge.query(entry.target, "reconcile " + entry.name.text + ", target");
  return std::move(judge).take();
}

std::vector<Finding> judge_functions(const mapping::MappingFile& file, pg::Session& target) {
  std::set<FunctionName> names;
  for_each_expression(file, [&](const mapping::Scalar& scalar, const std::string&) {
    for (const mapping::FunctionUse& use : mapping::parse_expression(scalar.text).functions)
      names.emplace(use.schema, use.name);
  });
  const std::set<FunctionName> is_volatile = volatile_functions(target, names);
  std::vector<Finding> findings;
  if (is_volatile.empty()) return findings;
  for_each_expression(file, [&](const mapping::Scalar& scalar, const std::string& subject) {
    const mapping::Expression expression = mapping::parse_expression(scalar.text);
    const std::vector<mapping::SqlProblem> known = mapping::volatile_parts(expression, false);
    for (const mapping::FunctionUse& use : expression.functions) {
      if (!is_volatile.contains({use.schema, use.name})) continue;
      // What the mapping's own list knows was found when it was compiled.
      if (std::any_of(known.begin(), known.end(),
                      [&](const mapping::SqlProblem& problem) { return problem.offset == use.offset; }))
        continue;
      findings.push_back(at(
          file, mapping::position_in(file.text, scalar, use.offset),
          subject + ": the function " + use.name + " is VOLATILE on the target: its value is not a function of the row",
          "use a column default, or declare the function STABLE or IMMUTABLE if it is"));
    }
  });
  return findings;
}

}  // namespace agent
