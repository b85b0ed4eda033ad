#include "pg/result.hpp"

#include <charconv>

#include "core/error.hpp"
#include "pg/result_impl.hpp"

namespace pg {

namespace {

core::Error bug(std::string what) { return core::Error{core::ErrorKind::Bug, std::move(what)}; }

}  // namespace

Result::Result(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

std::size_t Result::rows() const { return static_cast<std::size_t>(PQntuples(impl_->result.get())); }

std::size_t Result::columns() const { return static_cast<std::size_t>(PQnfields(impl_->result.get())); }

std::optional<std::string_view> Result::get(std::size_t row, std::size_t column) const {
  if (row >= rows() || column >= columns()) throw bug("a result was read past its end");
  const PGresult* result = impl_->result.get();
  const int r = static_cast<int>(row);
  const int c = static_cast<int>(column);
  if (PQgetisnull(result, r, c) != 0) return std::nullopt;
  return std::string_view{PQgetvalue(result, r, c), static_cast<std::size_t>(PQgetlength(result, r, c))};
}

std::string Result::text(std::size_t row, std::size_t column) const {
  return std::string{get(row, column).value_or(std::string_view{})};
}

bool Result::is_true(std::size_t row, std::size_t column) const { return get(row, column) == "t"; }

std::int64_t Result::integer(std::size_t row, std::size_t column) const {
  const std::string_view digits = get(row, column).value_or(std::string_view{});
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    throw bug("a result column is read as an integer but holds none");
  }
  return value;
}

std::uint64_t Result::affected_rows() const {
  // PQcmdTuples takes a non-const pointer for historical reasons only; it does not write.
  const std::string_view digits = PQcmdTuples(impl_->result.get());
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::string Result::command_tag() const { return PQcmdStatus(impl_->result.get()); }

std::vector<ResultColumn> Result::describe() const {
  std::vector<ResultColumn> described;
  const PGresult* result = impl_->result.get();
  described.reserve(columns());
  for (int column = 0; column < PQnfields(result); ++column) {
    described.push_back({PQfname(result, column), core::Oid{PQftype(result, column)}, PQfmod(result, column)});
  }
  return described;
}

}  // namespace pg
