#include "validate/place_set.hpp"

#include <charconv>
#include <map>
#include <roaring/roaring64map.hh>
#include <string>

#include "core/error.hpp"

// Newer versions of the library have their classes in this namespace.
namespace roaring {}
using namespace roaring;

namespace validate {

namespace {

struct Place {
  std::uint32_t table = 0;
  std::uint64_t row = 0;  // block and number in it: 32 and 16 bits
};

Place parse(std::string_view text) {
  const char* at = text.data();
  const char* end = at + text.size();
  const auto number = [&](char stop) {
    std::uint64_t value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    if (error != std::errc{} || next == end || *next != stop) {
      throw core::Error{core::ErrorKind::Protocol, "the target named the place of a row in an unknown way"};
    }
    at = next + 1;
    return value;
  };
  Place place;
  place.table = static_cast<std::uint32_t>(number('('));
  place.row = number(',') << 16U;
  place.row |= number(')');
  return place;
}

}  // namespace

struct PlaceSet::Impl {
  std::map<std::uint32_t, Roaring64Map> rows;  // by the oid of the table (of the partition)
};

PlaceSet::PlaceSet() : impl_(std::make_unique<Impl>()) {}
PlaceSet::~PlaceSet() = default;
PlaceSet::PlaceSet(PlaceSet&&) noexcept = default;
PlaceSet& PlaceSet::operator=(PlaceSet&&) noexcept = default;

void PlaceSet::add(std::string_view text) {
  const Place place = parse(text);
  impl_->rows[place.table].add(place.row);
}

bool PlaceSet::contains(std::string_view text) const {
  const Place place = parse(text);
  const auto table = impl_->rows.find(place.table);
  return table != impl_->rows.end() && table->second.contains(place.row);
}

void PlaceSet::add(const PlaceSet& others) {
  for (const auto& [table, rows] : others.impl_->rows) impl_->rows[table] |= rows;
}

std::int64_t PlaceSet::size() const {
  std::uint64_t size = 0;
  for (const auto& [table, rows] : impl_->rows) size += rows.cardinality();
  return static_cast<std::int64_t>(size);
}

}  // namespace validate
