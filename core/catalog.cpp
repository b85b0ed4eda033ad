#include "core/catalog.hpp"

#include <algorithm>

namespace core {

bool CatalogTable::has_unique_key(const std::vector<std::string>& key_columns) const {
  // A unique key over a subset of the columns makes the whole set unique as well.
  return std::any_of(unique_keys.begin(), unique_keys.end(), [&](const std::vector<std::string>& key) {
    return std::all_of(key.begin(), key.end(), [&](const std::string& column) {
      return std::find(key_columns.begin(), key_columns.end(), column) != key_columns.end();
    });
  });
}

}  // namespace core
