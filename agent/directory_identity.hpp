#pragma once

#include <filesystem>
#include <string>

namespace agent {

/// Tells a directory from its copies, also on other hosts: its inode and, where the file system knows that, when it was made. The same
/// after a rename and after a restart of the host; empty where it cannot be looked at.
[[nodiscard]] std::string directory_identity(const std::filesystem::path& directory);

}  // namespace agent
