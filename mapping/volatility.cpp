#include "mapping/volatility.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace mapping {

namespace {

constexpr std::array kFunctions = std::to_array<std::string_view>({
    "now",
    "transaction_timestamp",
    "statement_timestamp",
    "clock_timestamp",
    "timeofday",
    "random",
    "random_normal",
    "setseed",
    "gen_random_uuid",
    "gen_random_bytes",
    "uuidv4",
    "uuidv7",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "nextval",
    "currval",
    "lastval",
    "setval",
    "current_setting",
    "set_config",
    "current_database",
    "current_schemas",
    "inet_client_addr",
    "inet_client_port",
    "inet_server_addr",
    "inet_server_port",
    "txid_current",
    "txid_current_if_assigned",
    "txid_current_snapshot",
    "pg_current_xact_id",
    "pg_current_xact_id_if_assigned",
    "pg_current_snapshot",
    "pg_current_wal_lsn",
    "pg_backend_pid",
    "pg_sleep",
    "pg_sleep_for",
    "pg_sleep_until",
    "pg_postmaster_start_time",
    "version",
    "current_query",
    "pg_my_temp_schema",
    "query_to_xml",
    "dblink",
    // What a role may do, and what is on a server.
    "has_any_column_privilege",
    "has_column_privilege",
    "has_database_privilege",
    "has_foreign_data_wrapper_privilege",
    "has_function_privilege",
    "has_language_privilege",
    "has_parameter_privilege",
    "has_schema_privilege",
    "has_sequence_privilege",
    "has_server_privilege",
    "has_table_privilege",
    "has_tablespace_privilege",
    "has_type_privilege",
    "pg_has_role",
    "row_security_active",
    // Keywords may take a precision (`current_timestamp(3)`) and then look like functions.
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "current_schema",
});

constexpr std::array kKeywords = std::to_array<std::string_view>({
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "current_user",
    "session_user",
    "user",
    "current_role",
    "system_user",
    "current_catalog",
    "current_schema",
});

constexpr std::array kTimeTypes =
    std::to_array<std::string_view>({"date", "time", "timetz", "timestamp", "timestamptz", "zone"});
constexpr std::array kTimeWords = std::to_array<std::string_view>({"now", "today", "tomorrow", "yesterday"});

template <typename Names>
bool contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_relative_time(const Token& token) {
  if (token.kind != TokenKind::String) return false;
  std::string word;
  for (const char c : token.text) {
    if (c >= 'A' && c <= 'Z') {
      word += static_cast<char>(c - 'A' + 'a');
    } else if (c != ' ' && (c < '\t' || c > '\r')) {
      word += c;
    }
  }
  return contains(kTimeWords, word);
}

bool is_time_type(const std::vector<Token>& tokens, std::size_t i) {
  return i < tokens.size() && tokens[i].is_name() && contains(kTimeTypes, tokens[i].text);
}

bool becomes_time(const std::vector<Token>& tokens, std::size_t i) {
  if (i > 0 && is_time_type(tokens, i - 1)) return true;  // timestamp 'now', time with time zone 'now'
  if (i + 1 >= tokens.size()) return false;
  if (tokens[i + 1].kind != TokenKind::Cast && !tokens[i + 1].is_word("as")) return false;
  const bool is_qualified = i + 4 < tokens.size() && tokens[i + 3].is('.');
  return is_time_type(tokens, i + (is_qualified ? 4U : 2U));
}

/// age(x) counts from current_date (or the current transaction), age(x, y) from y.
bool is_age_of_today(const std::vector<Token>& tokens, const FunctionUse& function) {
  if (function.name != "age") return false;
  auto token = std::find_if(tokens.begin(), tokens.end(), [&](const Token& t) { return t.begin >= function.offset; });
  token = std::find_if(token, tokens.end(), [](const Token& t) { return t.is('('); });
  int depth = 0;
  for (; token != tokens.end(); ++token) {
    if (token->is('(') || token->is('[')) ++depth;
    if ((token->is(')') || token->is(']')) && --depth == 0) return true;
    if (token->is(',') && depth == 1) return false;
  }
  return false;
}

}  // namespace

std::vector<SqlProblem> volatile_parts(const Expression& expression, bool is_for_time) {
  std::vector<SqlProblem> problems;
  const auto found = [&](const std::string& name, std::size_t offset) {
    problems.push_back({"'" + name + "' depends on when or by whom it is evaluated", offset});
  };
  for (const FunctionUse& function : expression.functions) {
    if (contains(kFunctions, function.name)) found(function.name + "()", function.offset);
    if (is_age_of_today(expression.tokens, function)) found("age() with one argument", function.offset);
  }
  const std::vector<Token>& tokens = expression.tokens;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool is_field = i > 0 && tokens[i - 1].is('.');
    const bool is_call = i + 1 < tokens.size() && tokens[i + 1].is('(');
    if (tokens[i].kind == TokenKind::Word && !is_field && !is_call && contains(kKeywords, tokens[i].text)) {
      found(tokens[i].text, tokens[i].begin);
    }
    if (is_relative_time(tokens[i]) && (is_for_time || becomes_time(tokens, i))) {
      found("'" + tokens[i].text + "'", tokens[i].begin);
    }
  }
  std::sort(problems.begin(), problems.end(),
            [](const SqlProblem& left, const SqlProblem& right) { return left.offset < right.offset; });
  return problems;
}

}  // namespace mapping
