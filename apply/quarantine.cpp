#include "apply/quarantine.hpp"

#include "pg/sqlstate.hpp"

namespace apply {

namespace {

std::string remedy_for(const core::Error& error) {
  const std::string& state = error.sqlstate();
  const std::string column{error.context("column")};
  const std::string constraint{error.context("constraint")};
  const std::string retry = ", then `agent quarantine retry`";
  if (state == "23502")
    return "give the column" + (column.empty() ? "" : " " + column) +
           " a value: on the source row, or in mapping.yaml" + retry;
  if (state == "23503")
    return "the row that " + (constraint.empty() ? "a foreign key" : constraint) + " names is not on the target" +
           retry;
  if (state == "23505")
    return "another row already holds this value of " + (constraint.empty() ? "a unique key" : constraint) +
           ": change one of them on the source" + retry;
  if (state == "23514")
    return "correct the source row so that it satisfies " + (constraint.empty() ? "the check" : constraint) + retry;
  if (state.starts_with("22"))
    return "correct the value on the source row, or make the expression in mapping.yaml accept it" + retry;
  return "correct the source row or mapping.yaml" + retry;
}

}  // namespace

Refusal refusal_of(const core::Error& error) {
  std::string message = error.message();
  for (const auto& [name, value] : error.context()) message += " " + name + "=" + value;
  const pg::SqlstateClass what = pg::classify(error.sqlstate(), pg::Side::Target);
  return {std::string{pg::to_string(what.category)}, error.sqlstate(), std::move(message), remedy_for(error)};
}

void QuarantineChanges::refuse(const RouteRow& row, core::Row image, Refusal refusal) {
  resolved.erase(row);
  refused.insert_or_assign(row, Entry{std::move(image), std::move(refusal)});
}

void QuarantineChanges::renew(const RouteRow& row, core::Row image) {
  auto& entry = refused[row];
  entry.image = std::move(image);
}

bool QuarantineChanges::is_refused_now(const RouteRow& row) const {
  const auto found = refused.find(row);
  return (found != refused.end() && found->second.refusal.has_value()) || written_.contains(row);
}

void QuarantineChanges::resolve(const RouteRow& row, std::string how) {
  refused.erase(row);
  written_.erase(row);
  resolved.insert_or_assign(row, std::move(how));
}

void QuarantineChanges::written() {
  for (const auto& [row, entry] : refused) {
    if (entry.refusal) written_.insert(row);
  }
  refused.clear();
  resolved.clear();
}

void QuarantineChanges::clear() {
  written_.clear();
  refused.clear();
  resolved.clear();
}

}  // namespace apply
