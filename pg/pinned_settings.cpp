#include "pg/pinned_settings.hpp"

namespace pg {

std::vector<Setting> pinned_settings(Side side) {
  std::vector<Setting> settings{
      {"client_encoding", "UTF8"},
      {"DateStyle", "ISO, MDY"},
      {"IntervalStyle", "postgres"},
      {"TimeZone", "UTC"},
      {"extra_float_digits", "3"},
      {"bytea_output", "hex"},
      {"standard_conforming_strings", "on"},
      // How texts are read as arrays (a NULL is none), as xml (not documents alone) and as money.
      {"array_nulls", "on"},
      {"xmloption", "content"},
      {"lc_monetary", "C"},
      {"transform_null_equals", "off"},
      {"statement_timeout", "0"},
      {"idle_in_transaction_session_timeout", "0"},
      // A lock that nobody gives back becomes an error that can be retried, instead of a silent stand-still.
      {"lock_timeout", "30s"},
      // Policies then cause an error instead of hiding rows in silence.
      {"row_security", "off"},
  };
  if (side == Side::Source) {
    settings.emplace_back("search_path", "");
  } else {
    settings.emplace_back("search_path", "public, pg_catalog");
    settings.emplace_back("default_transaction_read_only", "off");
    // What is acknowledged to the source must have reached the target's disk.
    settings.emplace_back("synchronous_commit", "on");
  }
  return settings;
}

std::vector<Setting> pinned_settings_since(ServerVersion version) {
  std::vector<Setting> settings;
  // Statements here are short or plain copies: compiling them costs more than it gives.
  if (version.has_jit()) settings.emplace_back("jit", "off");
  if (version.has_idle_session_timeout()) settings.emplace_back("idle_session_timeout", "0");
  if (version.has_transaction_timeout()) settings.emplace_back("transaction_timeout", "0");
  return settings;
}

std::string as_options(const std::vector<Setting>& settings) {
  std::string options;
  for (const auto& [name, value] : settings) {
    if (!options.empty()) options += ' ';
    options += "-c " + name + "=";
    for (const char c : value) {
      if (c == ' ' || c == '\\') options += '\\';
      options += c;
    }
  }
  return options;
}

}  // namespace pg
