#include "pg/host_list.hpp"

#include <algorithm>
#include <cstddef>
#include <random>

namespace pg {

namespace {

/// "a,,c" has three entries; "" has none.
std::vector<std::string> entries_of(const std::string& list) {
  std::vector<std::string> entries;
  if (list.empty()) return entries;
  for (std::size_t begin = 0;;) {
    const std::size_t comma = list.find(',', begin);
    entries.push_back(list.substr(begin, comma - begin));
    if (comma == std::string::npos) return entries;
    begin = comma + 1;
  }
}

void put_entry(Keywords& keywords, const std::string& keyword, const std::vector<std::string>& entries, std::size_t i) {
  if (!entries.empty()) put(keywords, keyword, entries[entries.size() == 1 ? 0 : i]);
}

}  // namespace

std::string value_of(const Keywords& keywords, std::string_view keyword) {
  const auto found =
      std::find_if(keywords.begin(), keywords.end(), [&](const auto& pair) { return pair.first == keyword; });
  return found == keywords.end() ? std::string{} : found->second;
}

void put(Keywords& keywords, const std::string& keyword, std::string value) {
  std::erase_if(keywords, [&](const auto& pair) { return pair.first == keyword; });
  keywords.emplace_back(keyword, std::move(value));
}

void put_default(Keywords& keywords, const std::string& keyword, std::string value) {
  const bool is_given =
      std::any_of(keywords.begin(), keywords.end(), [&](const auto& pair) { return pair.first == keyword; });
  if (!is_given) keywords.emplace_back(keyword, std::move(value));
}

std::vector<Keywords> each_host(const Keywords& keywords) {
  const auto hosts = entries_of(value_of(keywords, "host"));
  const auto addresses = entries_of(value_of(keywords, "hostaddr"));
  const auto ports = entries_of(value_of(keywords, "port"));
  const std::size_t count = std::max(hosts.size(), addresses.size());
  const auto fits = [&](const auto& entries, bool may_be_one) {
    return entries.empty() || entries.size() == count || (may_be_one && entries.size() == 1);
  };
  if (count < 2 || !fits(hosts, false) || !fits(addresses, false) || !fits(ports, true)) return {keywords};
  std::vector<Keywords> each;
  for (std::size_t i = 0; i < count; ++i) {
    Keywords one = keywords;
    put_entry(one, "host", hosts, i);
    put_entry(one, "hostaddr", addresses, i);
    put_entry(one, "port", ports, i);
    each.push_back(std::move(one));
  }
  if (value_of(keywords, "load_balance_hosts") == "random") {
    std::ranges::shuffle(each, std::default_random_engine{std::random_device{}()});
  }
  if (value_of(keywords, "target_session_attrs") == "prefer-standby") {
    const std::vector<Keywords> standbys = each;
    for (std::size_t i = 0; i < count; ++i) {
      put(each[i], "target_session_attrs", "standby");
      each.push_back(standbys[i]);
      put(each.back(), "target_session_attrs", "any");
    }
  }
  return each;
}

}  // namespace pg
