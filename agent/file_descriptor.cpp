#include "agent/file_descriptor.hpp"

#include <unistd.h>

namespace agent {

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

}  // namespace agent
