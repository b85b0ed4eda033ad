#include "pg/sqlstate.hpp"

#include <cstddef>

namespace pg {

namespace {

using enum ErrorCategory;

constexpr SqlstateClass transient(Side side, ErrorCategory category) { return {error_kind(side), true, category}; }
constexpr SqlstateClass permanent(Side side, ErrorCategory category) { return {error_kind(side), false, category}; }

/// What the target refuses about one row: bisect and quarantine. The source is only read from, so there it is the side's trouble.
constexpr SqlstateClass data(Side side, ErrorCategory category) {
  return {side == Side::Target ? core::ErrorKind::Data : core::ErrorKind::Source, false, category};
}

SqlstateClass classify_operator_intervention(std::string_view state, Side side) {
  if (state == "57014") return transient(side, Timeout);  // query_canceled: by an administrator or a timeout
  if (state == "57P04") return permanent(side, ErrorCategory::Connection);  // database_dropped
  return transient(side, ErrorCategory::Connection);  // shutdown, crash, starting up, idle session
}

SqlstateClass classify_transaction_state(std::string_view state, Side side) {
  if (state == "25P03") return transient(side, ErrorCategory::Connection);  // idle_in_transaction_session_timeout
  if (state == "25P04") return transient(side, Timeout);                    // transaction_timeout
  if (state == "25006") return permanent(side, Permission);                 // read_only_sql_transaction
  return permanent(side, Internal);
}

}  // namespace

std::string_view to_string(ErrorCategory category) {
  switch (category) {
    case ErrorCategory::Connection: return "connection";
    case Data: return "data";
    case Constraint: return "constraint";
    case MissingReference: return "missing_reference";
    case Schema: return "schema";
    case Timeout: return "timeout";
    case Permission: return "permission";
    case Internal: return "internal";
  }
  return "unknown";
}

SqlstateClass classify(std::string_view state, Side side) {
  // Without SQLSTATE the server said nothing: the connection broke.
  if (state.size() != 5) return transient(side, ErrorCategory::Connection);
  const std::string_view family = state.substr(0, 2);

  if (family == "08") return transient(side, ErrorCategory::Connection);
  if (family == "57") return classify_operator_intervention(state, side);
  if (family == "53") return transient(side, state == "53300" ? ErrorCategory::Connection : Internal);
  if (state == "40003")
    return {core::ErrorKind::InDoubt, false, ErrorCategory::Connection};  // statement_completion_unknown
  if (state == "40002") return data(side, Constraint);                    // transaction_integrity_constraint_violation
  if (family == "40") return transient(side, Timeout);
  if (state == "55P03" || state == "55006") return transient(side, Timeout);
  if (family == "55") return permanent(side, Schema);
  if (state == "58030") return transient(side, Internal);  // io_error
  if (family == "58") return permanent(side, Internal);
  if (family == "72") return transient(side, Timeout);  // snapshot_too_old

  if (family == "28" || family == "0L" || family == "0P" || state == "42501") return permanent(side, Permission);
  if (family == "25") return classify_transaction_state(state, side);
  if (family == "42" || family == "3D" || family == "3F" || family == "26" || family == "HV")
    return permanent(side, Schema);
  if (family == "F0" || state == "XX001" || state == "XX002") return permanent(side, Internal);

  if (state == "23503") return data(side, MissingReference);
  if (family == "23" || family == "27" || family == "44") return data(side, Constraint);
  if (family == "22" || family == "P0") return data(side, Data);
  // What is left depends on what the row makes the server do (triggers and functions may raise codes of their own): the row is
  // isolated, and the limit on quarantined rows stops what turns out to concern all of them.
  return data(side, Internal);
}

std::optional<ErrorCategory> category_in(std::string_view text) {
  constexpr std::string_view kBefore = "(SQLSTATE ";
  if (const std::size_t at = text.find(kBefore); at != std::string_view::npos) {
    return classify(text.substr(at + kBefore.size(), 5), Side::Target).category;  // the same for either side
  }
  // In these words errors begin of which the server could not say anything (pg/server_error).
  for (const std::string_view words : {"the connection to the ", "cannot connect to the "}) {
    if (text.find(words) != std::string_view::npos) return ErrorCategory::Connection;
  }
  return std::nullopt;
}

}  // namespace pg
