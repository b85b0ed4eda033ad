#pragma once

#include <string>

#include "mapping/compile.hpp"
#include "mapping/yaml_source.hpp"
#include "tests/unit/mapping/catalog_builder.hpp"

namespace tests {

/// A small legacy database: persons with an address, memberships in groups, notes about persons, and a log.
inline core::Catalog shop_source() {
  return catalog({table("person")
                      .key("id int4")
                      .has("name text")
                      .has("parent_id int4")
                      .has("email text!")
                      .unique({"email"})
                      .generated("name_lower text"),
                  table("address").key("id int4").has("person_id int4").has("city text").unique({"person_id"}),
                  table("membership").key("id int4").has("person_id int4").has("group_id int4").has("tags _int4"),
                  table("note").key("id int4").has("person_id int4").has("code text").has("body text"),
                  table("log").key("id int4").has("line text"), table("heap").has("line text")});
}

inline core::Catalog shop_target() {
  return catalog({table("people")
                      .key("id uuid=")
                      .has("name text")
                      .has("city text")
                      .has("parent_id uuid")
                      .has("legacy_id int4")
                      .has("groups text")
                      .has("seen_at timestamptz")
                      .generated("name_upper text")
                      .references("parent_id", "people"),
                  table("notes")
                      .key("id uuid=")
                      .has("person_id uuid!")
                      .has("body text")
                      .has("legacy_id int4")
                      .references("person_id", "people"),
                  table("extras").key("person_id uuid").has("body text"),
                  table("pairs").has("a int4!").has("b uuid!").has("c text").unique({"a", "b"}),
                  table("loose").has("id uuid").has("number int4")});
}

/// Scope is not what is tested: exactly the tables that are used are in it.
inline std::string mapping_of(const std::string& tables, const std::string& routes) {
  return "version: 1\nnamespace: 6ba7b811-9dad-11d1-80b4-00c04fd430c8\ntables: [" + tables + "]\nroutes:\n" + routes;
}

inline mapping::Compilation compile_shop(const std::string& text) {
  return mapping::compile(mapping::parse_mapping("mapping.yaml", text), shop_source(), shop_target());
}

}  // namespace tests
