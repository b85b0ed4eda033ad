#pragma once

#include <string>

#include "mapping/mapping_file.hpp"

namespace mapping {

/// Reads the text of a mapping.yaml; `path` is only named in errors. Knows every key of the language and refuses all
/// others, duplicates, and values of the wrong shape. Checks nothing that needs a database: that is compile()'s part.
/// Throws Error(Mapping) with file, line and column.
[[nodiscard]] MappingFile parse_mapping(std::string path, std::string text);

}  // namespace mapping
