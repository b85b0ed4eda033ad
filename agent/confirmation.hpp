#pragma once

#include <string>

namespace agent {

/// Before something that cannot be undone by a restart: returns when `is_given` (--yes), or when somebody at the terminal types `word`, after
/// `what` was shown on standard error. Throws Error(Usage) when there is no terminal, or when another word is typed: nothing is done then.
void require_confirmation(bool is_given, const std::string& what, const std::string& word);

}  // namespace agent
