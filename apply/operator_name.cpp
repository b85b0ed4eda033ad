#include "apply/operator_name.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace apply {

std::string operator_name() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  const uid_t uid = geteuid();
  std::string user = "uid " + std::to_string(uid);
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) user = found->pw_name;
  const char* caller = std::getenv("SUDO_USER");
  if (caller != nullptr && *caller != '\0' && user != caller) return std::string(caller) + " as " + user;
  return user;
}

}  // namespace apply
