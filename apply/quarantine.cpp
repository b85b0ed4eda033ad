#include "apply/quarantine.hpp"

#include "pg/sqlstate.hpp"

namespace apply {

namespace {

constexpr const char* kRetry = ", then `agent quarantine retry`";

std::string remedy_for(const core::Error& error) {
  const std::string& state = error.sqlstate();
  const std::string column{error.context("column")};
  const std::string constraint{error.context("constraint")};
  const std::string retry = kRetry;
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

core::RowKey target_key_of(std::span<const std::string> values) { return core::text_key(core::text_values(values)); }

bool may_be_caused_by_order(const std::string& sqlstate) {
  return sqlstate == "23505" || sqlstate == "23503" || sqlstate == "23P01" || sqlstate == "21000";
}

Refusal refusal_of_removal(const core::Error& error) {
  Refusal refusal = refusal_of(error);
  const std::string constraint{error.context("constraint")};
  if (error.sqlstate() == "23503" || error.sqlstate() == "23001") {
    refusal.remedy = "other rows of the target still refer to this row" +
                     (constraint.empty() ? "" : " (" + constraint + ")") +
                     ", though the source no longer means it: remove them or point them elsewhere" + kRetry;
  } else {
    refusal.remedy = "the source no longer means this row, but the target does not let it go: remove what keeps it" +
                     std::string{kRetry};
  }
  return refusal;
}

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

void QuarantineChanges::cannot_remove(const RouteRow& target_row, core::RowKey key, Refusal refusal) {
  released.erase(target_row);
  unremoved.insert_or_assign(target_row, Unremoved{std::move(key), std::move(refusal)});
}

void QuarantineChanges::release(const RouteRow& target_row) {
  unremoved.erase(target_row);
  released.insert(target_row);
}

bool QuarantineChanges::has_unremoved(core::RouteId route) const {
  return !unremoved.empty() || (route.index() < unremoved_before.size() && unremoved_before[route.index()] > 0);
}

AcceptedCounts QuarantineChanges::accepted(core::RouteId route) const {
  return route.index() < accepted_before.size() ? accepted_before[route.index()] : AcceptedCounts{};
}

void QuarantineChanges::clear() {
  written_.clear();
  refused.clear();
  resolved.clear();
  unremoved.clear();
  released.clear();
}

}  // namespace apply
