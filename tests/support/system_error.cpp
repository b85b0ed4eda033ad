#include "tests/support/system_error.hpp"

#include <cerrno>
#include <system_error>

namespace tests {

void throw_errno(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace tests
