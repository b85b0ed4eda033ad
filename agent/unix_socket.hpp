#pragma once

#include <filesystem>

#include "agent/file_descriptor.hpp"

namespace agent {

/// A non-blocking stream socket that listens at `path`, readable and writable for this user only. Replaces what is there.
/// Paths of any length work, although a socket address holds 107 bytes. Throws Error(State).
[[nodiscard]] FileDescriptor listen_at(const std::filesystem::path& path);
/// A non-blocking stream socket connected to `path`; not open when nobody listens there. Throws Error(State) when it may not be asked.
[[nodiscard]] FileDescriptor connect_to(const std::filesystem::path& path);

}  // namespace agent
