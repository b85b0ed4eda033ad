#include "apply/writer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "apply/target_schema.hpp"
#include "core/error.hpp"
#include "core/failpoint.hpp"
#include "mapping/sent_rows.hpp"

namespace apply {

namespace {

// Rows per statement: bounds the memory that composing a statement takes; more gains nothing.
constexpr std::size_t kWrittenPiece = 10'000;

core::Error with_route(core::Error error, const mapping::Route& route) {
  if (error.context("route").empty()) error.with("route", route.name);
  return is_about_schema(error, route) ? schema_moved(error) : error;
}

}  // namespace

std::vector<core::RouteId> Writer::pending_routes() const {
  std::vector<core::RouteId> routes;
  for (const auto& [route, rows] : decider_.pending()) {
    if (!rows.empty()) routes.push_back(route);
  }
  std::sort(routes.begin(), routes.end(), [&](core::RouteId a, core::RouteId b) {
    return std::pair{plan_.route(a).rank, a} < std::pair{plan_.route(b).rank, b};
  });
  return routes;
}

void Writer::write(bool is_careful) {
  for (;;) {
    if (pending_routes().empty()) return;
    // Asked for anew: a row that the target refuses makes others leave, and they are to go before it.
    const auto remove_all = [&] {
      const auto routes = pending_routes();
      for (auto route = routes.rbegin(); route != routes.rend(); ++route) remove_rows(plan_.route(*route), is_careful);
    };
    if (session_.is_replica()) remove_all();
    // Route by route, because a refused row may change what the next ones hold.
    for (;;) {
      const auto left = pending_routes();
      const auto next = std::find_if(left.begin(), left.end(), [&](core::RouteId route) {
        const auto& rows = decider_.pending().at(route);
        return std::any_of(rows.begin(), rows.end(), [](const auto& row) { return row.second.upsert.has_value(); });
      });
      if (next == left.end()) break;
      upsert_rows(plan_.route(*next), is_careful);
      decider_.decide();
    }
    if (!session_.is_replica()) remove_all();
    for (auto& [route, rows] : decider_.pending()) {
      std::erase_if(rows, [](const auto& row) { return !row.second.upsert && row.second.removals.empty(); });
    }
  }
}

void Writer::write_ahead(bool is_careful) {
  const auto routes = pending_routes();
  if (session_.is_replica()) {
    for (auto route = routes.rbegin(); route != routes.rend(); ++route) remove_rows(plan_.route(*route), is_careful);
  }
  const std::uint64_t refusals = decider_.refusals();
  for (const core::RouteId route : routes) {
    if (decider_.refusals() != refusals) return;
    upsert_rows(plan_.route(route), is_careful);
  }
}

void Writer::remove_rows(const mapping::Route& route, bool is_careful) {
  auto& rows = decider_.pending()[route.id];
  std::vector<Removal> removals;
  for (auto& [key, pending] : rows) {
    for (const core::RowKey& target_key : std::exchange(pending.removals, {})) {
      if (route.remove.empty() || decider_.is_handed_on(route, key, target_key)) {
        decider_.removed(route, key, target_key);
      } else {
        removals.push_back({key, target_key});
      }
    }
  }
  std::erase_if(rows, [](const auto& row) { return !row.second.upsert; });
  for (std::size_t begin = 0; begin < removals.size(); begin += kWrittenPiece) {
    const auto piece = std::span{removals}.subspan(begin, std::min(kWrittenPiece, removals.size() - begin));
    if (is_careful) {
      remove_isolating(route, {piece.begin(), piece.end()});
    } else {
      remove(route, piece);
    }
  }
}

void Writer::remove(const mapping::Route& route, std::span<const Removal> rows) {
  std::vector<core::RowKey> keys;
  keys.reserve(rows.size());
  for (const Removal& row : rows) keys.push_back(row.target_key);
  try {
    FAILPOINT("before_rows_removed");
    const std::uint64_t removed = session_.exec_keys(route.remove, keys).affected_rows();
    counts_.removed += removed;
    // Somebody else removed them: nothing is lost by that, but the two sides had come apart. Several legacy rows may have made one.
    const std::set<core::RowKey> wanted(keys.begin(), keys.end());
    if (route.on_delete == mapping::OnDelete::Delete && removed < wanted.size())
      spdlog::warn("rows to remove were not on the target route={} rows={}", route.name, wanted.size() - removed);
  } catch (const core::Error& error) {
    throw with_route(error, route);
  }
  for (const Removal& row : rows) decider_.removed(route, row.key, row.target_key);
}

void Writer::find_unremovable(const mapping::Route& route, std::span<const Removal> rows,
                              std::vector<std::pair<Removal, Refusal>>& refused) {
  if (rows.empty()) return;
  session_.savepoint();
  try {
    remove(route, rows);
    session_.release_savepoint();
  } catch (const core::Error& error) {
    if (error.kind() != core::ErrorKind::Data) throw;
    session_.rollback_to_savepoint();
    if (rows.size() == 1) {
      refused.emplace_back(rows.front(), refusal_of_removal(error));
      return;
    }
    // The higher keys first: where rows of one table refer to each other, children mostly came later.
    const std::size_t middle = rows.size() / 2;
    find_unremovable(route, rows.subspan(middle), refused);
    find_unremovable(route, rows.first(middle), refused);
  }
}

void Writer::remove_isolating(const mapping::Route& route, std::vector<Removal> rows) {
  for (;;) {
    std::vector<std::pair<Removal, Refusal>> refused;
    find_unremovable(route, rows, refused);
    if (refused.empty()) return;
    if (refused.size() == rows.size()) {
      for (auto& [row, refusal] : refused) decider_.cannot_remove(route, row.key, row.target_key, std::move(refusal));
      return;
    }
    // What has gone may have been all that held some of the others.
    rows.clear();
    for (auto& [row, refusal] : refused) rows.push_back(std::move(row));
    std::reverse(rows.begin(), rows.end());  // in key order again
  }
}

void Writer::upsert(const mapping::Route& route, std::span<const mapping::Derivation* const> rows) {
  FAILPOINT("before_rows_written");
  try {
    counts_.written += session_.write(route.write, mapping::sent_rows(route, route.write, rows, overlay_));
    counts_.sent += rows.size();
    for (const mapping::Derivation* row : rows) decider_.wrote(route, *row);
    FAILPOINT("after_rows_written");
  } catch (const core::Error& error) {
    throw with_route(error, route);
  }
}

void Writer::upsert_isolating(const mapping::Route& route, std::span<const mapping::Derivation* const> rows) {
  if (rows.empty()) return;
  session_.savepoint();
  FAILPOINT("in_careful_savepoint");
  try {
    upsert(route, rows);
    session_.release_savepoint();
  } catch (const core::Error& error) {
    if (error.kind() != core::ErrorKind::Data) throw;
    session_.rollback_to_savepoint();
    if (rows.size() == 1) {
      decider_.refuse(route, *rows.front(), refusal_of(error));
      return;
    }
    const std::size_t middle = rows.size() / 2;
    upsert_isolating(route, rows.first(middle));
    upsert_isolating(route, rows.subspan(middle));
  }
}

void Writer::upsert_rows(const mapping::Route& route, bool is_careful) {
  // Taken out first: refusing a row changes what is pending.
  std::vector<mapping::Derivation> taken;
  for (auto& [key, pending] : decider_.pending()[route.id]) {
    if (!pending.upsert) continue;
    taken.push_back(std::move(*std::exchange(pending.upsert, std::nullopt)));
  }
  std::vector<const mapping::Derivation*> rows;
  rows.reserve(taken.size());
  for (const auto& row : taken) rows.push_back(&row);
  for (std::size_t begin = 0; begin < rows.size(); begin += kWrittenPiece) {
    const auto piece = std::span{rows}.subspan(begin, std::min(kWrittenPiece, rows.size() - begin));
    if (is_careful) {
      upsert_isolating(route, piece);
    } else {
      upsert(route, piece);
    }
  }
}

}  // namespace apply
