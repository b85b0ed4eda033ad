#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pg {

// Internal to pg/: libpq's connection keywords, and the several hosts that they may name.

using Keywords = std::vector<std::pair<std::string, std::string>>;

/// Empty when it is not given.
[[nodiscard]] std::string value_of(const Keywords& keywords, std::string_view keyword);
/// Sets `keyword`, replacing what was given.
void put(Keywords& keywords, const std::string& keyword, std::string value);
/// Sets `keyword` unless it is given.
void put_default(Keywords& keywords, const std::string& keyword, std::string value);

/// The keywords for each of the hosts (`host=a,b port=1,2`), in the order in which they are to be tried; once more for all of them where
/// `target_session_attrs=prefer-standby` contents itself with another server in the end. What names one host only, or says it wrong, comes
/// back as it is: libpq knows what to say of it.
[[nodiscard]] std::vector<Keywords> each_host(const Keywords& keywords);

}  // namespace pg
