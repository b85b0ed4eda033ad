#include "validate/checksum.hpp"

#include <fmt/format.h>

namespace validate {

std::string Checksum::to_string() const { return fmt::format("{:016x}{:016x}", high, low); }

}  // namespace validate
