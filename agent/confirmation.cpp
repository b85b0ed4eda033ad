#include "agent/confirmation.hpp"

#include <unistd.h>

#include <iostream>

#include "core/error.hpp"

namespace agent {

void require_confirmation(bool is_given, const std::string& what, const std::string& word) {
  if (is_given) return;
  if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) {
    throw core::Error(core::ErrorKind::Usage, "this needs to be confirmed, and there is no terminal to ask at")
        .remedy("give --yes; --dry-run shows what would be done");
  }
  std::cerr << what << "\nType " << word << " to go on: ";
  std::string typed;
  std::getline(std::cin, typed);
  if (typed == word) return;
  throw core::Error(core::ErrorKind::Usage, "not confirmed: nothing was changed")
      .remedy("type the name as it is shown, or give --yes");
}

}  // namespace agent
