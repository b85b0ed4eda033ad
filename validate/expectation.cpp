#include "validate/expectation.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "mapping/sent_rows.hpp"

namespace validate {

namespace {

using Fate = Expectation::Fate;

bool is_missed(const mapping::Derivation& row, std::uint16_t ref) {
  return row.refs[ref].kind == mapping::RefState::Kind::Missed;
}

/// A row's inputs as one text: unambiguous, since each value is led by its length.
std::string inputs_of(const mapping::SentRows& sent, std::size_t row) {
  std::string text;
  for (std::size_t i = 0; i < sent.width; ++i) {
    const core::Value value = sent.values[row * sent.width + i].get();
    text += value.is_null() ? std::string{"-"} : std::to_string(value.text.size()) + ":";
    if (!value.is_null()) text += value.text;
  }
  return text;
}

/// Lets the target evaluate `where` and the larger expressions that state `missing`: mapping::Judge's verdict per row, in `verdicts`. A row for
/// which that fails is quarantined. Rows with equal inputs are asked about once: most conditions read a flag or two.
void judge(const mapping::Route& route, std::vector<Expectation>& rows, std::vector<int>& verdicts,
           core::Lookup& lookup, TargetReader& target) {
  if (!route.judge) return;
  std::vector<const mapping::Derivation*> all;
  for (const Expectation& one : rows) all.push_back(&one.row);
  const mapping::SentRows sent = mapping::sent_rows(route, route.judge->rows, all, lookup);
  std::unordered_map<std::string, std::size_t> question_of;
  std::vector<const mapping::Derivation*> questions;
  std::vector<std::vector<std::size_t>> askers;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto [found, is_new] = question_of.try_emplace(inputs_of(sent, i), questions.size());
    if (is_new) {
      questions.push_back(all[i]);
      askers.emplace_back();
    }
    askers[found->second].push_back(i);
  }
  target.ask_each(
      route, route.judge->rows, questions, lookup,
      [&](std::size_t question, const pg::Result& result, std::size_t line) {
        for (const std::size_t row : askers[question]) verdicts[row] = static_cast<int>(result.integer(line, 1));
      },
      [&](std::size_t question, const core::Error& error) {
        for (const std::size_t row : askers[question]) {
          rows[row].fate = Fate::Quarantined;
          rows[row].why = error.message();
        }
      });
}

/// The parent that a row misses by this ref: `patient 17`.
std::string missed_parent(const mapping::Plan& plan, const mapping::Route& route, const mapping::Derivation& row,
                          std::uint16_t position) {
  return plan.entity(route.refs[position].entity).name + " " + mapping::ref_key_text(route, row, position) +
         " is not on the target";
}

/// The first thing that keeps the row out, in the order that the mapping language lays down.
void settle(const mapping::Plan& plan, const mapping::Route& route, int verdict, core::Lookup& lookup,
            Expectation& one) {
  const mapping::Derivation& row = one.row;
  if (row.ambiguous_join) {
    one.fate = Fate::Quarantined;
    one.why = "join " + route.joins[*row.ambiguous_join].alias + " finds more than one row";
    return;
  }
  if (one.fate == Fate::Quarantined) return;  // the target could not judge it
  const bool is_merged = route.entity && lookup.owner(*route.entity, row.entity_key) != row.entity_key;
  if (verdict == mapping::Judge::kFiltered || is_merged) {
    one.fate = Fate::Filtered;
    return;
  }
  for (std::size_t i = 0; i < route.columns.size(); ++i) {
    const mapping::TargetColumn& column = route.columns[i];
    if (!column.missing || *column.missing == mapping::Missing::Null) continue;
    const bool applies = column.is_plain_ref ? is_missed(row, column.refs.front()) : verdict == static_cast<int>(i);
    if (!applies) continue;
    switch (*column.missing) {
      case mapping::Missing::Park: one.fate = Fate::Parked; break;
      case mapping::Missing::Filter: one.fate = Fate::Filtered; break;
      case mapping::Missing::Quarantine: one.fate = Fate::Quarantined; break;
      case mapping::Missing::Null: break;
    }
    const auto missed = std::ranges::find_if(column.refs, [&](std::uint16_t ref) { return is_missed(row, ref); });
    one.why = column.name + ": " + (missed == column.refs.end() ? "NULL" : missed_parent(plan, route, row, *missed));
    return;
  }
  if (route.own_ref && is_missed(row, *route.own_ref)) {
    one.fate = Fate::Parked;
    one.why = missed_parent(plan, route, row, *route.own_ref);
  }
}

/// The same without asking the target.
std::vector<std::string> known_key(const mapping::Route& route, const mapping::Derivation& row, core::Lookup& lookup) {
  if (route.id_column) return {lookup.uuid(*route.entity, row.entity_key).to_string()};
  std::vector<std::string> key;
  for (const auto& source : route.conflict_from) {
    const mapping::RefState* ref = source.is_ref ? &row.refs[source.ref] : nullptr;
    const core::Value value = source.is_ref ? core::Value::null() : row.value(source.column);
    const bool is_null = ref != nullptr ? ref->kind != mapping::RefState::Kind::Resolved : value.is_null();
    if (is_null) return {};
    key.push_back(ref != nullptr ? ref->uuid.to_string() : std::string{value.text});
  }
  return key;
}

}  // namespace

std::vector<Expectation> expect_rows(const mapping::Plan& plan, const mapping::Route& route,
                                     std::span<const core::RowKey> keys, state::Overlay& overlay, TargetReader& target,
                                     const LedgerView& ledger) {
  overlay.prefetch(route.from, keys);
  std::vector<Expectation> rows;
  rows.reserve(keys.size());
  for (const core::RowKey& key : keys) {
    if (auto image = overlay.image(route.from, key)) {
      rows.push_back({.row = mapping::derive(plan, route, key, std::move(*image), overlay)});
    }
  }
  std::vector<int> verdicts(rows.size(), mapping::Judge::kPass);
  judge(route, rows, verdicts, overlay, target);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Expectation& one = rows[i];
    settle(plan, route, verdicts[i], overlay, one);
    if (one.fate == Fate::Filtered) continue;
    const std::string legacy_key = core::key_text(one.row.key);
    one.is_accepted = ledger.is_accepted(route.id, legacy_key);
    const std::string* refused = ledger.quarantined(route.id, legacy_key);
    if (refused == nullptr) continue;
    if (one.fate == Fate::Expected) {
      one.fate = Fate::Quarantined;
      one.is_only_in_ledger = true;
      one.why = *refused;
    }
  }
  return rows;
}

std::vector<std::vector<std::string>> target_keys_of(const mapping::Route& route,
                                                     std::span<const mapping::Derivation* const> rows,
                                                     core::Lookup& lookup, TargetReader& target) {
  std::vector<std::vector<std::string>> keys(rows.size());
  if (route.conflict_query) {
    target.ask_each(
        route, *route.conflict_query, rows, lookup,
        [&](std::size_t row, const pg::Result& result, std::size_t line) {
          for (std::size_t i = 0; i < route.conflict.size(); ++i) {
            if (!result.get(line, 1 + i)) return keys[row].clear();
            keys[row].push_back(result.text(line, 1 + i));
          }
        },
        [](std::size_t, const core::Error&) {});
    return keys;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) keys[i] = known_key(route, *rows[i], lookup);
  return keys;
}

}  // namespace validate
