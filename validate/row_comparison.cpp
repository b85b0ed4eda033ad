#include "validate/row_comparison.hpp"

#include <charconv>

#include "core/error.hpp"

namespace validate {

namespace {

std::uint64_t hex(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    throw core::Error{core::ErrorKind::Protocol, "the target gave an MD5 that is none"};
  }
  return value;
}

/// `0,3` as the names of these columns.
std::vector<std::string> column_names(const mapping::Route& route, std::string_view positions) {
  std::vector<std::string> names;
  while (!positions.empty()) {
    std::size_t position = 0;
    const auto [end, error] = std::from_chars(positions.data(), positions.data() + positions.size(), position);
    if (error != std::errc{}) throw core::Error{core::ErrorKind::Protocol, "the target named an unknown column"};
    names.push_back(route.columns.at(position).name);
    positions.remove_prefix(static_cast<std::size_t>(end - positions.data()));
    if (!positions.empty()) positions.remove_prefix(1);
  }
  return names;
}

}  // namespace

Checksum checksum_of(std::string_view md5) { return {hex(md5.substr(0, 16)), hex(md5.substr(16, 16))}; }

std::vector<RowComparison> compare_rows(const mapping::Route& route, std::span<const mapping::Derivation* const> rows,
                                        Depth depth, core::Lookup& lookup, TargetReader& target) {
  std::vector<RowComparison> comparisons(rows.size());
  target.ask_each(
      route, depth == Depth::Contents ? route.compare : route.find, rows, lookup,
      [&](std::size_t row, const pg::Result& result, std::size_t line) {
        RowComparison& one = comparisons[row];
        if (one.is_there()) {
          throw core::Error{core::ErrorKind::Refused, "several target rows have the key of one row"}
              .with("route", route.name)
              .with("table", route.to.display())
              .with("key", core::key_text(rows[row]->key))
              .remedy("the key of the target table must be unique: restore its unique index");
        }
        one.place = result.text(line, 1);
        if (depth == Depth::Existence) return;
        if (const auto columns = result.get(line, 2)) one.columns = column_names(route, *columns);
        one.meant = checksum_of(*result.get(line, 3));
        if (const auto md5 = result.get(line, 4)) {
          one.there = checksum_of(*md5);
        } else if (one.is_there()) {
          one.there = one.meant;
        }
      },
      [&](std::size_t row, const core::Error& error) { comparisons[row].failure = error.message(); });
  return comparisons;
}

}  // namespace validate
