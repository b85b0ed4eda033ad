#include "pg/connection_params.hpp"

#include <algorithm>

#include "pg/message_redaction.hpp"
#include "pg/result_guard.hpp"

namespace pg {

namespace {

core::Error unusable(Side side, std::string why) {
  const char* name = side == Side::Source ? "source" : "target";
  return core::Error{core::ErrorKind::Config,
                     std::string{"the connection string of the "} + name + " cannot be used: " + std::move(why)}
      .remedy(
          "write postgresql://user@host:port/database?parameter=value or keyword=value pairs; in the first form, "
          "percent-encode special characters in names and passwords: @ as %40, : as %3A, / as %2F, ? as %3F, # as %23, "
          "% as %25, a space as %20");
}

/// Whether libpq has split a URI elsewhere than its writer meant. It takes the first '@' for the end of the password, and a '/' before
/// any '@' for the end of the port: what follows would be shown, and asked of a name server, as a host or a database.
bool holds_stray_at(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos || (!url.starts_with("postgresql://") && !url.starts_with("postgres://")))
    return false;
  const std::string_view rest = url.substr(scheme + 3);
  const std::size_t user_end = rest.find_first_of("@/");
  const bool has_user = user_end != std::string_view::npos && rest[user_end] == '@';
  // A password's '?' is its own; the parameters begin at the first one after it.
  const std::string_view place = has_user ? rest.substr(user_end + 1) : rest;
  return place.substr(0, place.find('?')).find('@') != std::string_view::npos;
}

/// Whether one of `hosts` holds an '@' that does not name a Unix socket (as its directory, or in the abstract namespace).
bool is_any_host_cut_wrongly(std::string_view hosts) {
  for (;;) {
    const std::size_t comma = hosts.find(',');
    const std::string_view host = hosts.substr(0, comma);
    if (!host.starts_with('/') && !host.starts_with('@') && host.find('@') != std::string_view::npos) return true;
    if (comma == std::string_view::npos) return false;
    hosts.remove_prefix(comma + 1);
  }
}

}  // namespace

ConnectionParams ConnectionParams::parse(Side side, std::string_view url) {
  if (url.find_first_not_of(" \t\r\n") == std::string_view::npos) throw unusable(side, "it is empty");
  if (url.find('\0') != std::string_view::npos) throw unusable(side, "it holds a zero byte");
  char* complaint = nullptr;
  const ConninfoGuard options{PQconninfoParse(std::string{url}.c_str(), &complaint)};
  const TextGuard complaint_guard{complaint};
  // The complaint may quote the whole string, password included.
  if (!options) throw unusable(side, complaint == nullptr ? "out of memory" : without_quotes(complaint));

  ConnectionParams params;
  params.side_ = side;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) params.keywords_.emplace_back(option->keyword, option->val);
  }
  params.require_places(url);
  return params;
}

void ConnectionParams::require_places(std::string_view url) const {
  if (holds_stray_at(url) || is_any_host_cut_wrongly(value("host"))) {
    throw unusable(
        side_,
        "its host or its database would hold an '@' (not shown: it may be the end of a password whose '@' is not "
        "written as %40)");
  }
  if (value("port").find_first_not_of("0123456789,") != std::string::npos) {
    throw unusable(side_, "its port is not a number (not shown: it may be a password)");
  }
  if (value("dbname").find("://") != std::string::npos) {
    throw unusable(side_, "its database would be a connection string (not shown: it may hold a password)");
  }
}

std::string ConnectionParams::value(std::string_view keyword) const {
  const auto found =
      std::find_if(keywords_.begin(), keywords_.end(), [&](const auto& pair) { return pair.first == keyword; });
  return found == keywords_.end() ? std::string{} : found->second;
}

std::string ConnectionParams::port() const {
  const std::string given = value("port");
  return given.empty() ? "5432" : given;
}

std::string ConnectionParams::display() const {
  std::string host = value("host");
  if (host.empty()) host = value("hostaddr");
  return display_endpoint(value("user"), host, port(), value("dbname"));
}

ConnectionParams ConnectionParams::with_setting(std::string name, std::string value) const {
  ConnectionParams copy = *this;
  std::erase_if(copy.settings_, [&](const auto& pair) { return pair.first == name; });
  copy.settings_.emplace_back(std::move(name), std::move(value));
  return copy;
}

ConnectionParams ConnectionParams::with_stop(std::shared_ptr<const core::StopDeadline> stop) const {
  ConnectionParams copy = *this;
  copy.stop_ = std::move(stop);
  return copy;
}

std::string display_endpoint(std::string_view user, std::string_view host, std::string_view port,
                             std::string_view database) {
  std::string shown = "postgresql://";
  if (!user.empty()) shown.append(user).append("@");
  const bool is_ipv6 = host.find(':') != std::string_view::npos;
  if (is_ipv6) shown += '[';
  shown.append(host);
  if (is_ipv6) shown += ']';
  if (!port.empty()) shown.append(":").append(port);
  if (!database.empty()) shown.append("/").append(database);
  return shown;
}

}  // namespace pg
