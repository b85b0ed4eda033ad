#pragma once

#include <string>
#include <string_view>

namespace validate {

/// Text as it may stand in HTML, between tags or within quotes, whatever bytes it has: nothing in it is markup, and what is no UTF-8, or a
/// control or direction character that would show otherwise than it is, stands as U+FFFD.
[[nodiscard]] std::string html_text(std::string_view text);

}  // namespace validate
