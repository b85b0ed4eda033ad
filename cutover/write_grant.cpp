#include "cutover/write_grant.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

namespace cutover {

namespace {

using nlohmann::json;

std::string right_of(const WriteGrant& grant) {
  return grant.privilege + (grant.column.empty() ? "" : " (" + grant.column + ")") + " ON " + grant.table;
}

}  // namespace

std::string WriteGrant::grant_sql() const {
  return "GRANT " + right_of(*this) + " TO " + grantee + (is_grantable ? " WITH GRANT OPTION" : "");
}

std::string WriteGrant::revoke_sql() const { return "REVOKE " + right_of(*this) + " FROM " + grantee + " CASCADE"; }

json to_json(const std::vector<WriteGrant>& grants) {
  json list = json::array();
  for (const WriteGrant& grant : grants) {
    list.push_back({{"table", grant.table},
                    {"column", grant.column},
                    {"privilege", grant.privilege},
                    {"grantee", grant.grantee},
                    {"grantor", grant.grantor},
                    {"owners", grant.is_owners},
                    {"grantable", grant.is_grantable}});
  }
  return list;
}

std::vector<WriteGrant> write_grants_of(const json& list) {
  std::vector<WriteGrant> grants;
  for (const json& grant : list) {
    grants.push_back({.table = grant.at("table"),
                      .column = grant.at("column"),
                      .privilege = grant.at("privilege"),
                      .grantee = grant.at("grantee"),
                      .grantor = grant.at("grantor"),
                      .is_owners = grant.at("owners"),
                      .is_grantable = grant.at("grantable")});
  }
  return grants;
}

std::vector<WriteGrant> in_order_of_granting(std::vector<WriteGrant> grants) {
  std::vector<WriteGrant> ordered;
  while (!grants.empty()) {
    const auto is_waiting = [&](const WriteGrant& grant) {
      return !grant.is_owners && std::ranges::none_of(ordered, [&](const WriteGrant& before) {
        return before.table == grant.table && before.privilege == grant.privilege && before.grantee == grant.grantor &&
               before.is_grantable;
      });
    };
    auto waiting = std::stable_partition(grants.begin(), grants.end(), std::not_fn(is_waiting));
    // Nobody left has his right from somebody of these: the server has the last word.
    if (waiting == grants.begin()) waiting = grants.end();
    std::move(grants.begin(), waiting, std::back_inserter(ordered));
    grants.erase(grants.begin(), waiting);
  }
  return ordered;
}

}  // namespace cutover
