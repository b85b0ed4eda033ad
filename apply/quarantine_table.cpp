#include "apply/quarantine_table.hpp"

#include <fmt/format.h>

#include <array>

#include "apply/quarantine_sql.hpp"
#include "core/array_literal.hpp"
#include "core/utf8.hpp"
#include "pg/quoting.hpp"

namespace apply {

namespace {

// Rows per statement and per page: many enough that round trips do not count, few enough that memory does not grow with the quarantine.
constexpr std::size_t kWritten = 1'000;
constexpr std::size_t kRead = 10'000;

/// One statement's parameters: an array per column, and in the end what all of its rows share.
class Columns {
 public:
  explicit Columns(std::size_t width) : columns_(width) {}

  template <typename... Texts>
  void add(Texts&&... texts) {
    std::size_t at = 0;
    (columns_[at++].emplace_back(std::forward<Texts>(texts)), ...);
  }
  [[nodiscard]] std::size_t rows() const { return columns_.front().size(); }

  void exec(pg::Session& session, const std::string& sql, std::initializer_list<std::string_view> shared = {}) {
    if (rows() == 0) return;
    std::vector<std::string> literals;
    literals.reserve(columns_.size());
    for (const auto& column : columns_) literals.push_back(core::text_array(column));
    std::vector<pg::Param> params(literals.begin(), literals.end());
    params.insert(params.end(), shared.begin(), shared.end());
    session.exec(sql, params);
    for (auto& column : columns_) column.clear();
  }

 private:
  std::vector<std::vector<std::string>> columns_;
};

/// A row's image as the two arrays of jsonb_object: column names, values. What is no UTF-8 may be the very reason why it is here.
std::pair<std::string, std::string> image_arrays(const mapping::SourceTable& table, const core::Row& image) {
  std::vector<core::Value> names;
  std::vector<core::Value> values;
  std::vector<std::string> readable;
  readable.reserve(image.size());
  for (std::size_t i = 0; i < image.size() && i < table.columns.size(); ++i) {
    names.push_back(core::Value::of(table.columns[i].name));
    values.push_back(image[i]);
    if (values.back().is_text() && !core::is_utf8(values.back().text))
      values.back() = core::Value::of(readable.emplace_back(core::readable_utf8(values.back().text)));
  }
  return {core::array_literal(names), core::array_literal(values)};
}

std::string target_key_columns(const mapping::Route& route) {
  if (!route.id_column) return core::text_array(route.conflict);
  return core::text_array(std::span{&*route.id_column, 1});
}

}  // namespace

std::string QuarantineTable::sql(std::string_view text) const {
  return fmt::format(fmt::runtime(text), fmt::arg("schema", pg::quote_identifier(schema_)));
}

void QuarantineTable::write_refused(pg::Session& session, const mapping::Plan& plan, const QuarantineChanges& changes,
                                    core::Lsn lsn) const {
  const std::string at = lsn.to_string();
  const std::string refuse = sql(quarantine_sql::kRefuse);
  const std::string renew = sql(quarantine_sql::kRenewRefused);
  Columns refused{8};
  Columns renewed{4};
  for (const auto& [row, entry] : changes.refused) {
    const mapping::Route& route = plan.route(row.route);
    const auto [names, values] = image_arrays(plan.table(route.from), entry.image);
    if (entry.refusal) {
      refused.add(route.name, core::key_text(row.key), entry.refusal->category, entry.refusal->sqlstate,
                  entry.refusal->message, entry.refusal->remedy, names, values);
    } else {
      renewed.add(route.name, core::key_text(row.key), names, values);
    }
    if (refused.rows() == kWritten) refused.exec(session, refuse, {at});
    if (renewed.rows() == kWritten) renewed.exec(session, renew, {at});
  }
  refused.exec(session, refuse, {at});
  renewed.exec(session, renew, {at});

  const std::string resolve = sql(quarantine_sql::kResolve);
  Columns resolved{3};
  for (const auto& [row, how] : changes.resolved) {
    resolved.add(plan.route(row.route).name, core::key_text(row.key), how);
    if (resolved.rows() == kWritten) resolved.exec(session, resolve);
  }
  resolved.exec(session, resolve);
}

void QuarantineTable::write_unremoved(pg::Session& session, const mapping::Plan& plan, const QuarantineChanges& changes,
                                      core::Lsn lsn) const {
  const std::string at = lsn.to_string();
  const std::string keep = sql(quarantine_sql::kCannotRemove);
  Columns unremoved{8};
  for (const auto& [row, entry] : changes.unremoved) {
    const mapping::Route& route = plan.route(row.route);
    unremoved.add(route.name, core::key_text(entry.key), entry.refusal.category, entry.refusal.sqlstate,
                  entry.refusal.message, entry.refusal.remedy, target_key_columns(route),
                  core::text_array(core::key_values(row.key)));
    if (unremoved.rows() == kWritten) unremoved.exec(session, keep, {at});
  }
  unremoved.exec(session, keep, {at});

  const std::string release = sql(quarantine_sql::kRelease);
  Columns released{2};
  for (const RouteRow& row : changes.released) {
    released.add(plan.route(row.route).name, core::text_array(core::key_values(row.key)));
    if (released.rows() == kWritten) released.exec(session, release);
  }
  released.exec(session, release);
}

void QuarantineTable::for_each_refused(pg::Session& session, const mapping::Plan& plan, Discarded discarded,
                                       const std::function<void(std::span<const RouteRow>)>& visit) const {
  const std::string query =
      sql(discarded == Discarded::With ? quarantine_sql::kReadRefusedOrDiscarded : quarantine_sql::kReadRefused);
  const std::string most = std::to_string(kRead);
  const std::string last = std::to_string(newest(session));
  for (std::int64_t after = 0;;) {
    const std::string from = std::to_string(after);
    const pg::Result result = session.exec(query, {from, last, most});
    std::vector<RouteRow> rows;
    for (std::size_t i = 0; i < result.rows(); ++i) {
      after = result.integer(i, 0);
      const mapping::Route* route = plan.find_route(result.text(i, 1));
      if (route == nullptr) continue;  // of an older mapping
      rows.push_back({route->id, core::parse_key(plan.table(route->from).key_types(), result.text(i, 2))});
    }
    if (!rows.empty()) visit(rows);
    if (result.rows() < kRead) return;
  }
}

namespace {

pg::Result read_page(pg::Session& session, const std::string& sql, const mapping::Route& route,
                     const QuarantineTable::Page& page) {
  const std::string after = std::to_string(page.after);
  const std::string last = std::to_string(page.last);
  const std::string most = std::to_string(page.rows);
  const std::string keys = core::text_array(page.keys);
  const pg::Param wanted = page.keys.empty() ? pg::Param{} : pg::Param{keys};
  return session.exec(sql, {route.name, after, last, wanted, most});
}

}  // namespace

std::vector<QuarantineTable::RefusedLine> QuarantineTable::read_refused(pg::Session& session, const mapping::Plan& plan,
                                                                        Page page) const {
  const mapping::Route& route = plan.route(page.route);
  const pg::Result result = read_page(session, sql(quarantine_sql::kReadRefusedPage), route, page);
  const auto types = plan.table(route.from).key_types();
  std::vector<RefusedLine> lines;
  for (std::size_t i = 0; i < result.rows(); ++i)
    lines.push_back({result.integer(i, 0), core::parse_key(types, result.text(i, 1))});
  return lines;
}

std::vector<QuarantineTable::UnremovedLine> QuarantineTable::read_unremoved(pg::Session& session,
                                                                            const mapping::Plan& plan,
                                                                            Page page) const {
  const mapping::Route& route = plan.route(page.route);
  const pg::Result result = read_page(session, sql(quarantine_sql::kReadUnremovedPage), route, page);
  const auto source_key = [types = plan.table(route.from).key_types()](const std::string& text) {
    try {
      return core::parse_key(types, text);
    } catch (const core::Error&) {
      // Known by its entity's key only, since its source row is gone.
      return target_key_of(std::span{&text, 1});
    }
  };
  const std::size_t width = route.id_column ? 1 : route.conflict.size();
  std::vector<UnremovedLine> lines;
  for (std::size_t i = 0; i < result.rows(); ++i) {
    std::vector<std::string> values;
    for (std::size_t column = 0; column < width; ++column) values.push_back(result.text(i, 2 + column));
    lines.push_back({result.integer(i, 0), source_key(result.text(i, 1)), target_key_of(values)});
  }
  return lines;
}

void QuarantineTable::accept_parked(pg::Session& session, const mapping::Plan& plan, std::span<const ParkedRow> rows,
                                    const Acceptance& acceptance) const {
  const std::string accept = sql(quarantine_sql::kAcceptParked);
  Columns accepted{4};
  for (const ParkedRow& parked : rows) {
    const mapping::Route& route = plan.route(parked.row.route);
    const auto [names, values] = image_arrays(plan.table(route.from), parked.image);
    accepted.add(route.name, core::key_text(parked.row.key), names, values);
    if (accepted.rows() == kWritten) accepted.exec(session, accept, {acceptance.actor, acceptance.reason});
  }
  accepted.exec(session, accept, {acceptance.actor, acceptance.reason});
}

std::vector<core::RowKey> QuarantineTable::read_accepted(pg::Session& session, const mapping::Plan& plan,
                                                         const mapping::Route& route,
                                                         std::span<const core::RowKey> keys) const {
  std::vector<std::string> texts;
  for (const core::RowKey& key : keys) texts.push_back(core::key_text(key));
  const std::string named = core::text_array(texts);
  const pg::Result result = session.exec(sql(quarantine_sql::kReadAccepted), {route.name, named});
  const auto types = plan.table(route.from).key_types();
  std::vector<core::RowKey> accepted;
  for (std::size_t i = 0; i < result.rows(); ++i) accepted.push_back(core::parse_key(types, result.text(i, 0)));
  return accepted;
}

std::vector<AcceptedCounts> QuarantineTable::count_accepted(pg::Session& session, const mapping::Plan& plan) const {
  std::vector<AcceptedCounts> counts(plan.routes.size());
  const pg::Result result = session.exec(sql(quarantine_sql::kCountAccepted));
  for (std::size_t i = 0; i < result.rows(); ++i) {
    if (const mapping::Route* route = plan.find_route(result.text(i, 0)))
      counts[route->id.index()] = {result.integer(i, 1), result.integer(i, 2)};
  }
  return counts;
}

std::int64_t QuarantineTable::newest(pg::Session& session) const {
  return session.exec(sql(quarantine_sql::kNewest)).integer(0, 0);
}

std::vector<std::int64_t> QuarantineTable::count_unremoved(pg::Session& session, const mapping::Plan& plan) const {
  std::vector<std::int64_t> counts(plan.routes.size(), 0);
  const pg::Result result = session.exec(sql(quarantine_sql::kCountUnremoved));
  for (std::size_t i = 0; i < result.rows(); ++i) {
    if (const mapping::Route* route = plan.find_route(result.text(i, 0)))
      counts[route->id.index()] = result.integer(i, 1);
  }
  return counts;
}

}  // namespace apply
