#include "validate/stages.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <string>

namespace {

/// A plan of routes with one entity each, named by letters; `refs` says which others each refers to.
mapping::Plan plan_of(const std::map<char, std::string>& refs) {
  mapping::Plan plan;
  for (const auto& [name, parents] : refs) {
    const auto number = static_cast<std::uint16_t>(plan.routes.size());
    mapping::Route route;
    route.id = core::RouteId{number};
    route.name = std::string(1, name);
    route.from = core::TableId{number};
    route.to = {"public", route.name};
    for (const char parent : parents) {
      mapping::Ref ref;
      ref.entity = core::EntityId{static_cast<std::uint16_t>(parent - 'a')};
      route.refs.push_back(ref);
    }
    plan.routes.push_back(route);
    mapping::Entity entity;
    entity.id = core::EntityId{number};
    entity.routes = {route.id};
    plan.entities.push_back(entity);
  }
  return plan;
}

/// `a b|(cd)`: two rounds, the second of one circle.
std::string text_of(const mapping::Plan& plan) {
  std::string text;
  for (const auto& round : validate::rounds_of(plan)) {
    if (!text.empty()) text += '|';
    for (std::size_t i = 0; i < round.size(); ++i) {
      if (i > 0) text += ' ';
      if (round[i].is_circular) text += '(';
      for (const core::RouteId route : round[i].routes) text += plan.route(route).name;
      if (round[i].is_circular) text += ')';
    }
  }
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stages)

BOOST_AUTO_TEST_CASE(parents_come_in_earlier_rounds_than_their_children) {
  BOOST_TEST(text_of(plan_of({{'a', ""}, {'b', "a"}, {'c', "ab"}, {'d', ""}})) == "a d|b|c");
  BOOST_TEST(text_of(plan_of({{'a', "b"}, {'b', "c"}, {'c', ""}})) == "c|b|a");
}

BOOST_AUTO_TEST_CASE(routes_that_refer_to_each_other_are_one_stage) {
  BOOST_TEST(text_of(plan_of({{'a', "a"}})) == "(a)");
  BOOST_TEST(text_of(plan_of({{'a', "b"}, {'b', "a"}, {'c', "b"}, {'d', ""}})) == "(ab) d|c");
  BOOST_TEST(text_of(plan_of({{'a', "b"}, {'b', "c"}, {'c', "a"}, {'d', "ad"}})) == "(abc)|(d)");
}

BOOST_AUTO_TEST_CASE(what_decides_about_a_route_is_found_through_others) {
  const mapping::Plan plan = plan_of({{'a', ""}, {'b', "a"}, {'c', "b"}, {'d', ""}});
  const std::vector<core::RouteId> expected{core::RouteId{0}, core::RouteId{1}, core::RouteId{2}};
  BOOST_TEST((validate::with_parents(plan, {core::RouteId{2}}) == expected));
}

BOOST_AUTO_TEST_SUITE_END()
