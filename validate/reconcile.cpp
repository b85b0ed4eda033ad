#include "validate/reconcile.hpp"

#include <algorithm>
#include <set>

#include "core/error.hpp"

namespace validate {

namespace {

// Totals are for people to compare: more rows than this are no totals.
constexpr std::size_t kMostRows = 100'000;

/// Oids of int8, int2, int4 and numeric: sums of equal numbers may come as different ones of these, and with different scales.
bool is_exact_number(core::Oid type) { return std::set<std::uint32_t>{20, 21, 23, 1700}.contains(type.value); }

/// `10.50` and `10.5` are one number.
std::string plain_number(std::string_view text) {
  std::string number{text};
  if (number.find('.') != std::string::npos) {
    number.erase(number.find_last_not_of('0') + 1);
    if (number.ends_with('.')) number.pop_back();
  }
  return number == "-0" ? "0" : number;
}

}  // namespace

ReconcileSide ask_side(pg::Session& session, const std::string& query) {
  ReconcileSide side;
  session.exec("SAVEPOINT reconcile");
  try {
    const pg::Result result = session.exec(query, std::span<const pg::Param>{});
    if (result.rows() > kMostRows) {
      side.failure = "the query gives " + std::to_string(result.rows()) + " rows; totals should be at most " +
                     std::to_string(kMostRows);
      return side;
    }
    const auto columns = result.describe();
    for (const auto& column : columns) side.columns.push_back(column.name);
    for (std::size_t row = 0; row < result.rows(); ++row) {
      auto& values = side.rows.emplace_back();
      for (std::size_t column = 0; column < columns.size(); ++column) {
        const auto value = result.get(row, column);
        if (!value) {
          values.emplace_back(std::nullopt);
        } else if (is_exact_number(columns[column].type)) {
          values.emplace_back(plain_number(*value));
        } else {
          values.emplace_back(std::string{*value});
        }
      }
    }
  } catch (const core::Error& error) {
    if (session.is_broken()) throw;
    session.exec("ROLLBACK TO SAVEPOINT reconcile");
    side.failure = error.message();
  }
  std::ranges::sort(side.rows);
  return side;
}

ReconcileOutcome reconcile(const std::string& name, ReconcileSide source, ReconcileSide target) {
  ReconcileOutcome outcome{.name = name,
                           .columns = std::move(source.columns),
                           .source = std::move(source.rows),
                           .target = std::move(target.rows)};
  if (!source.failure.empty()) {
    outcome.not_checked = "the source's query failed: " + source.failure;
  } else if (!target.failure.empty()) {
    outcome.not_checked = "the target's query failed: " + target.failure;
  }
  return outcome;
}

}  // namespace validate
