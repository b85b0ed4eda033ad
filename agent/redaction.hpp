#pragma once

#include <string>
#include <string_view>

namespace agent {

/// `text` without what must not be shown: the password in `scheme://user:password@host`, and the value of a `password=`
/// (also `sslpassword=`, `passfile=`) that stands in a URL or a keyword string. Everything that people read passes here.
[[nodiscard]] std::string redact(std::string_view text);

}  // namespace agent
