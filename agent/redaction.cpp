#include "agent/redaction.hpp"

#include <array>
#include <cctype>
#include <cstddef>

namespace agent {

namespace {

constexpr std::string_view kHidden = "***";

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(text[i])) != prefix[i]) return false;
  }
  return true;
}

/// Length of the `user:password@` part after `://`, with the place of its colon; nothing hidden when there is no password. The
/// last '@' before the path ends it, since passwords that were not percent-encoded may hold one.
struct UserInfo {
  std::size_t colon = std::string_view::npos;
  std::size_t at = std::string_view::npos;
};

UserInfo user_info(std::string_view rest) {
  UserInfo info;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (is_space(c) || c == '"' || c == '\'') break;
    // A '/' ends the authority, unless an '@' still follows: then it belongs to a password that was not encoded.
    if (c == ':' && info.colon == std::string_view::npos) info.colon = i;
    if (c == '@') info.at = i;
  }
  if (info.colon == std::string_view::npos || info.at == std::string_view::npos || info.colon > info.at) return {};
  return info;
}

/// Where the value of a keyword string or of a URL parameter ends.
std::size_t value_end(std::string_view text, std::size_t begin) {
  if (begin < text.size() && text[begin] == '\'') {
    std::size_t i = begin + 1;
    while (i < text.size() && text[i] != '\'') i += text[i] == '\\' ? 2U : 1U;
    return i < text.size() ? i + 1 : text.size();
  }
  std::size_t i = begin;
  while (i < text.size() && !is_space(text[i]) && text[i] != '&' && text[i] != '"') ++i;
  return i;
}

}  // namespace

std::string redact(std::string_view text) {
  constexpr std::array<std::string_view, 2> kSecrets = {"password", "passfile"};  // also ends of sslpassword
  std::string result;
  result.reserve(text.size());
  std::size_t i = 0;
  while (i < text.size()) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("://")) {
      const UserInfo info = user_info(rest.substr(3));
      result += "://";
      i += 3;
      if (info.at != std::string_view::npos) {
        result.append(text.substr(i, info.colon + 1)).append(kHidden);
        i += info.at;
      }
      continue;
    }
    bool is_secret = false;
    for (const std::string_view secret : kSecrets) {
      if (!starts_with_ignoring_case(rest, secret)) continue;
      std::size_t equals = secret.size();
      while (equals < rest.size() && rest[equals] == ' ') ++equals;
      if (equals >= rest.size() || rest[equals] != '=') continue;
      std::size_t begin = equals + 1;
      while (begin < rest.size() && rest[begin] == ' ') ++begin;
      const std::size_t end = value_end(rest, begin);
      if (end == begin) continue;
      result.append(rest.substr(0, begin)).append(kHidden);
      i += end;
      is_secret = true;
      break;
    }
    if (!is_secret) result += text[i++];
  }
  return result;
}

}  // namespace agent
