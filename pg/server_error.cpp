#include "pg/server_error.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "pg/message_redaction.hpp"
#include "pg/sqlstate.hpp"

namespace pg {

namespace {

std::string_view field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

std::string_view view(const char* text) { return text == nullptr ? std::string_view{} : std::string_view{text}; }

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

/// What stands between `before` and `after`; empty when either is missing.
std::string_view between(std::string_view text, std::string_view before, std::string_view after) {
  const std::size_t start = text.find(before);
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start + before.size());
  const std::size_t end = text.find(after);
  return end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
}

/// The digits that follow `before`; empty when there are none.
std::string_view digits_after(std::string_view text, std::string_view before) {
  const std::size_t start = text.find(before);
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start + before.size());
  return text.substr(0, text.find_first_not_of("0123456789"));
}

/// Whether the server refused a value as such; its message names columns and constraints beside the value.
bool is_about_data(std::string_view state) {
  const std::string_view family = state.substr(0, 2);
  return family == "22" || family == "23" || family == "27" || family == "44" || family == "54";
}

/// Whether a row may have had a say in the message: then it is cut. A position in the statement means that the statement's own
/// text is at fault, and rows only travel beside it, as parameters.
bool may_quote_values(const PGresult* result, std::string_view state, core::ErrorKind kind) {
  if (!field(result, PG_DIAG_STATEMENT_POSITION).empty()) return false;
  return kind == core::ErrorKind::Data || is_about_data(state) || !field(result, PG_DIAG_CONTEXT).empty();
}

/// Whether the text was written by somebody's function (RAISE), which may put values anywhere in it.
bool is_raised_by_function(const PGresult* result, std::string_view state) {
  return state.substr(0, 2) == "P0" || field(result, PG_DIAG_SOURCE_FUNCTION) == "exec_stmt_raise";
}

void add_places(core::Error& error, const PGresult* result) {
  constexpr std::array<std::pair<int, const char*>, 6> kPlaces{{{PG_DIAG_SCHEMA_NAME, "schema"},
                                                                {PG_DIAG_TABLE_NAME, "table"},
                                                                {PG_DIAG_COLUMN_NAME, "column"},
                                                                {PG_DIAG_CONSTRAINT_NAME, "constraint"},
                                                                {PG_DIAG_DATATYPE_NAME, "type"},
                                                                {PG_DIAG_STATEMENT_POSITION, "position"}}};
  for (const auto& [code, name] : kPlaces) {
    const std::string_view text = field(result, code);
    if (!text.empty()) error.with(name, std::string{text});
  }
  // The context holds values and statements as well, so only its fixed parts are taken.
  const std::string_view context = field(result, PG_DIAG_CONTEXT);
  if (const auto function = between(context, "PL/pgSQL function ", " line "); !function.empty()) {
    error.with("raised_in", std::string{first_line(function)});
  }
  if (context.starts_with("COPY ")) {
    if (const auto line = digits_after(context, ", line "); !line.empty()) error.with("line", std::string{line});
    if (const auto column = between(context, ", column ", ":"); !column.empty() && error.context("column").empty()) {
      error.with("column", std::string{column});
    }
  }
}

std::string primary_message(const PGresult* result, std::string_view state, core::ErrorKind kind) {
  const std::string_view message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (is_raised_by_function(result, state))
    return "raised by a function of the database (its text is withheld: it may quote values)";
  if (!may_quote_values(result, state, kind)) return std::string{message};
  std::vector<std::string> identifiers;
  for (const int code :
       {PG_DIAG_SCHEMA_NAME, PG_DIAG_TABLE_NAME, PG_DIAG_COLUMN_NAME, PG_DIAG_CONSTRAINT_NAME, PG_DIAG_DATATYPE_NAME}) {
    if (const auto name = field(result, code); !name.empty()) identifiers.emplace_back(name);
  }
  return without_values(message, identifiers, is_about_data(state) ? Nouns::Trusted : Nouns::Untrusted);
}

/// Whose server it is, as far as libpq knows by now: includes what came from the environment or a service file.
std::string endpoint(const PGconn* connection, const ConnectionParams& params) {
  if (connection == nullptr || PQuser(connection) == nullptr) return params.display();
  std::string_view host = view(PQhost(connection));
  if (host.empty()) host = view(PQhostaddr(connection));
  return display_endpoint(view(PQuser(connection)), host, view(PQport(connection)), view(PQdb(connection)));
}

const char* name_of(Side side) { return side == Side::Source ? "source" : "target"; }

std::string remedy_for(std::string_view state, Side side) {
  // A row that the target refuses for it is quarantined, with a remedy of its own.
  if (side == Side::Source && (state == "22P05" || state == "22021"))
    return "correct the row on the source that holds what its server cannot convert to UTF-8: convert_to(column, "
           "'UTF8') finds it";
  if (state == "28P01")
    return "check the user and the password (connection string, PGPASSFILE, service file or credentials)";
  if (state == "28000")
    return "allow this user from this host in the server's pg_hba.conf, and check that the role exists and may log in";
  if (state == "3D000") return "check the database's name in the connection string, or create the database";
  if (state == "53300") return "raise max_connections on the server, or end connections that are no longer needed";
  if (state == "42501") return "grant the role what it lacks";
  if (state == "57P03") return "wait until the server has started";
  return {};
}

/// What libpq says on its own when it cannot connect, without its usual introduction.
std::string own_words(std::string_view message) {
  std::string_view line = first_line(message);
  if (const std::size_t failed = line.rfind(" failed: "); failed != std::string_view::npos)
    line.remove_prefix(failed + 9);
  return std::string{line};
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// Failures of TLS that stay until somebody changes the configuration, unlike a connection that broke during the handshake.
bool is_tls_refusal(std::string_view message) {
  return contains(message, "certificate") || contains(message, "does not support SSL") ||
         contains(message, "private key") ||
         (contains(message, "SSL error") && !contains(message, "SYSCALL") && !contains(message, "unexpected eof"));
}

}  // namespace

core::Error server_error(const PGresult* result, const PGconn* connection, const ConnectionParams& params) {
  const std::string_view state = result == nullptr ? std::string_view{} : field(result, PG_DIAG_SQLSTATE);
  // libpq's own words: it could not talk to the server. PQstatus may call the connection good even so, when a write failed while
  // there still was something to read: a crashing server's parting warning.
  if (state.empty()) return connection_lost(connection, params);
  SqlstateClass meaning = classify(state, params.side());
  if (state == "0A000" && field(result, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery") {
    // "cached plan must not change result type": not a row's fault; a new session prepares anew.
    meaning = {error_kind(params.side()), true, ErrorCategory::Schema};
  }
  core::Error error{meaning.kind, std::string{"the "} + name_of(params.side()) +
                                      " says: " + primary_message(result, state, meaning.kind)};
  error.sqlstate(std::string{state});
  if (meaning.is_transient) error.transient();
  add_places(error, result);
  if (std::string remedy = remedy_for(state, params.side()); !remedy.empty()) error.remedy(std::move(remedy));
  return error;
}

core::Error connection_lost(const PGconn* connection, const ConnectionParams& params) {
  core::Error error{error_kind(params.side()),
                    std::string{"the connection to the "} + name_of(params.side()) + " is lost: " +
                        (connection == nullptr ? "it was closed" : own_words(view(PQerrorMessage(connection))))};
  return error.with("server", endpoint(connection, params)).transient();
}

std::string_view sqlstate_of_failure(std::string_view message) {
  // A verbose error reads `SEVERITY:  SQLSTATE: text`, the severity perhaps translated. With several tries, the last one counts.
  for (std::size_t at = message.rfind(":  "); at != std::string_view::npos;
       at = at == 0 ? at : message.rfind(":  ", at - 1)) {
    const std::string_view state = message.substr(at + 3, 5);
    const auto is_code = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    if (state.size() == 5 && std::all_of(state.begin(), state.end(), is_code) && message.substr(at + 8, 2) == ": ")
      return state;
    if (at == 0) break;
  }
  return {};
}

core::Error connect_error(const PGconn* connection, const ConnectionParams& params, std::string_view reason) {
  const std::string_view message = view(PQerrorMessage(connection));
  const std::string_view state = reason.empty() ? sqlstate_of_failure(message) : std::string_view{};
  std::string cause{reason};
  if (!state.empty()) {
    const auto text_at = static_cast<std::size_t>(state.data() - message.data()) + state.size() + 2;
    cause = first_line(message.substr(text_at));
  } else if (reason.empty()) {
    cause = own_words(message);
  }
  core::Error error{error_kind(params.side()), std::string{"cannot connect to the "} + name_of(params.side()) + " " +
                                                   endpoint(connection, params) + ": " + cause};

  if (!state.empty()) {
    error.sqlstate(std::string{state});
    if (classify(state, params.side()).is_transient) error.transient();
    if (std::string remedy = remedy_for(state, params.side()); !remedy.empty()) error.remedy(std::move(remedy));
    return error;
  }
  if (connection != nullptr && PQconnectionNeedsPassword(connection) != 0) {
    return error.remedy(
        "the server wants a password: give one in the connection string, PGPASSFILE, a service file or credentials");
  }
  if (reason.empty() && is_tls_refusal(message)) {
    return error.remedy("check sslmode, sslrootcert and the certificates of both ends");
  }
  return error.transient().remedy(
      "check that the server runs, that host and port are right, and that no firewall is in between");
}

}  // namespace pg
