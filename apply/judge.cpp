#include "apply/judge.hpp"

#include "core/error.hpp"
#include "mapping/sent_rows.hpp"

namespace apply {

namespace {

/// One row's inputs as a key: unambiguous, since each value is led by its kind and length.
std::string memo_key(const mapping::Route& route, const mapping::SentRows& sent, std::size_t row) {
  std::string key = std::to_string(route.id.value);
  for (std::size_t i = 0; i < sent.width; ++i) {
    const core::Value value = sent.values[row * sent.width + i].get();
    key += value.is_null() ? std::string{"|-"} : "|" + std::to_string(value.text.size()) + ":";
    if (!value.is_null()) key += value.text;
  }
  return key;
}

}  // namespace

std::vector<int> Judge::verdicts(TargetSession& session, const mapping::Route& route,
                                 std::span<const mapping::Derivation* const> rows, core::Lookup& lookup) {
  std::vector<int> verdicts(rows.size(), mapping::Judge::kPass);
  if (!route.judge || rows.empty()) return verdicts;
  const mapping::Judge& judge = *route.judge;
  const mapping::SentRows sent = mapping::sent_rows(route, judge.rows, rows, lookup);

  // What has to be asked: every row, or just the inputs not seen before (each once, however many rows have it).
  mapping::SentRows questions{sent.width, {}};
  std::vector<std::vector<std::size_t>> askers;
  std::vector<std::string> keys;
  std::unordered_map<std::string, std::size_t> asked;
  const auto ask_for = [&](std::size_t row) {
    for (std::size_t i = 0; i < sent.width; ++i) questions.values.push_back(sent.values[row * sent.width + i]);
    askers.push_back({row});
  };
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::string key = judge.is_cacheable ? memo_key(route, sent, row) : std::string{};
    if (key.empty() || key.size() > kLongestRemembered) {
      ask_for(row);
      keys.emplace_back();
      continue;
    }
    if (const auto known = remembered_.find(key); known != remembered_.end()) {
      verdicts[row] = known->second;
      continue;
    }
    if (const auto twin = asked.find(key); twin != asked.end()) {
      askers[twin->second].push_back(row);
      continue;
    }
    asked.emplace(key, askers.size());
    ask_for(row);
    keys.push_back(std::move(key));
  }
  if (askers.empty()) return verdicts;

  const pg::Result answer = session.ask(judge.rows, questions);
  if (answer.rows() != askers.size()) {
    throw core::Error{core::ErrorKind::Bug, "the target answered for another number of rows than it was asked about"}
        .with("route", route.name);
  }
  if (remembered_.size() + askers.size() > kMostRemembered) remembered_.clear();
  for (std::size_t i = 0; i < answer.rows(); ++i) {
    const auto question = static_cast<std::size_t>(answer.integer(i, 0)) - 1;
    const int verdict = static_cast<int>(answer.integer(i, 1));
    for (const std::size_t row : askers.at(question)) verdicts[row] = verdict;
    if (!keys[question].empty()) remembered_.emplace(keys[question], verdict);
  }
  return verdicts;
}

}  // namespace apply
