#include "apply/target_schema.hpp"

#include <algorithm>
#include <string>

#include "pg/sqlstate.hpp"

namespace apply {

namespace {

constexpr std::string_view kNotNullViolation = "23502";

bool gives(const mapping::Route& route, std::string_view column) {
  return route.id_column == column ||
         std::any_of(route.columns.begin(), route.columns.end(),
                     [&](const mapping::TargetColumn& given) { return given.name == column; });
}

}  // namespace

bool is_about_schema(const core::Error& error) {
  return error.kind() == core::ErrorKind::Target && !error.is_transient() &&
         pg::classify(error.sqlstate(), pg::Side::Target).category == pg::ErrorCategory::Schema;
}

bool is_about_schema(const core::Error& error, const mapping::Route& route) {
  if (is_about_schema(error)) return true;
  return error.sqlstate() == kNotNullViolation && error.context("table") == route.to.name &&
         error.context("schema") == route.to.schema && !gives(route, error.context("column"));
}

core::Error schema_moved(const core::Error& error) {
  core::Error moved{core::ErrorKind::Refused,
                    "the target's tables are no longer those that the mapping was made for: " + error.message()};
  moved.sqlstate(error.sqlstate());
  for (const auto& [name, value] : error.context()) moved.with(name, value);
  return moved.remedy(
      "change the table back, or bring mapping.yaml in line with it (`agent check` says what differs), then start the "
      "agent again: nothing "
      "is lost, it goes on where it stopped");
}

}  // namespace apply
