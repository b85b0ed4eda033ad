#pragma once

#include <string>
#include <string_view>

namespace core {

/// Whether the bytes are UTF-8 as PostgreSQL takes it: no overlong forms, no surrogates, nothing above U+10FFFF, no zero byte.
[[nodiscard]] bool is_utf8(std::string_view bytes);
/// The bytes for people to read: those that are no part of a character are written `\x81`. Not to be read back.
[[nodiscard]] std::string readable_utf8(std::string_view bytes);

}  // namespace core
