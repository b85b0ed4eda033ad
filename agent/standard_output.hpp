#pragma once

#include <filesystem>
#include <ostream>

namespace agent {

/// Whether all that was printed has been written. A reader of a pipe that went away has what it wanted.
[[nodiscard]] bool is_output_written();

/// The stream that writes into the very file that `path` leads to, stdout or stderr; null if neither does.
[[nodiscard]] std::ostream* standard_stream_of(const std::filesystem::path& path);

}  // namespace agent
