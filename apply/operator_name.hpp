#pragma once

#include <string>

namespace apply {

/// Who gave the command: the user of the operating system, and behind sudo the one who called it (`alice as root`).
/// What audit_log remembers.
[[nodiscard]] std::string operator_name();

}  // namespace apply
