#pragma once

#include <string>

namespace agent {

/// Who gave the command: the user of the operating system, and behind sudo the one who called it (`alice as root`).
/// What audit_log remembers.
[[nodiscard]] std::string operator_name();

}  // namespace agent
