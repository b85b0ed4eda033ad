#pragma once

#include <string>

namespace core {

/// Says what the calling thread does, in a word, for the log. The system's own name of a thread is left alone: the main thread's is that of the
/// process, by which people look for it.
void name_thread(std::string name);
/// Of the calling thread; `main` unless it was named.
[[nodiscard]] const std::string& thread_name();

}  // namespace core
