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
          "percent-encode "
          "special characters (@ : / ? # % and spaces) in names and passwords");
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
  return params;
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
