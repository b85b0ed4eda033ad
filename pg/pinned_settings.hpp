#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pg/connection_params.hpp"
#include "pg/server_version.hpp"

namespace pg {

/// Name and value, the latter as current_setting() shows it.
using Setting = std::pair<std::string, std::string>;

/// The settings without which a value's text could mean something else, or a session could end by itself, whatever the defaults of role
/// and database are. Known to every supported version, so that they can be sent while connecting.
[[nodiscard]] std::vector<Setting> pinned_settings(Side side);
/// Those that only some versions have: set after connecting.
[[nodiscard]] std::vector<Setting> pinned_settings_since(ServerVersion version);

/// `-c name=value …` for libpq's `options`.
[[nodiscard]] std::string as_options(const std::vector<Setting>& settings);

}  // namespace pg
