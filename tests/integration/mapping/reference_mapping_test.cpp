#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>

#include "mapping/compile.hpp"
#include "mapping/statement.hpp"
#include "mapping/yaml_source.hpp"
#include "tests/integration/mapping/catalogs.hpp"
#include "tests/support/replicated_pair.hpp"

namespace fs = std::filesystem;

namespace {

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The example's two databases, empty, and its mapping compiled against them. Made once: nothing here writes.
struct Reference {
  Reference() {
    pair.source.load_file("examples/dispatch/legacy.sql");
    pair.source.load_file("examples/dispatch/legacy-constraints.sql");
    pair.target.load_file("examples/dispatch/target.sql");
    pg::Session source = tests::agent_session(pg::Side::Source, pair.agent_source_url());
    pg::Session session = tests::agent_session(pg::Side::Target, pair.agent_target_url());
    source_catalog = tests::catalog_of(source);
    target_catalog = tests::catalog_of(session);
    compilation = mapping::compile(mapping::parse_mapping("mapping.yaml", read_file("examples/dispatch/mapping.yaml")),
                                   source_catalog, target_catalog);
  }
  static const Reference& get() {
    static const Reference reference;
    return reference;
  }

  tests::ReplicatedPair pair;
  core::Catalog source_catalog;
  core::Catalog target_catalog;
  mapping::Compilation compilation;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(reference_mapping)

BOOST_AUTO_TEST_CASE(it_compiles_without_errors) {
  const mapping::Compilation& compilation = Reference::get().compilation;
  for (const mapping::Finding& finding : compilation.findings) {
    const std::string at = std::to_string(finding.at.line) + ":" + std::to_string(finding.at.column);
    if (finding.severity == mapping::Finding::Severity::Error) BOOST_ERROR(at + " " + finding.message);
  }
  BOOST_TEST(compilation.plan.routes.size() == 47U);
  BOOST_TEST(!compilation.has_errors());
}

BOOST_AUTO_TEST_CASE(every_statement_of_every_route_prepares_on_the_target) {
  const mapping::Plan& plan = Reference::get().compilation.plan;
  pg::Session session = tests::agent_session(pg::Side::Target, Reference::get().pair.agent_target_url());
  std::size_t prepared = 0;
  const auto prepare = [&](const mapping::Route& route, const std::string& what, const std::string& sql) {
    try {
      (void)session.describe(sql);
      ++prepared;
    } catch (const core::Error& error) {
      BOOST_ERROR(route.name + " " + what + ": " + error.what() + "\n" + sql);
    }
  };
  for (const mapping::Route& route : plan.routes) {
    (void)session.exec(route.write.create_stage);
    prepare(route, "write by arrays", route.write.by_arrays);
    prepare(route, "write from stage", route.write.from_stage);
    if (route.judge) prepare(route, "judge", route.judge->rows.by_arrays);
    if (route.conflict_query) prepare(route, "conflict query", route.conflict_query->by_arrays);
    if (!route.remove.empty()) prepare(route, "remove", route.remove);
    if (route.has_where) prepare(route, "probe of where", mapping::probe_where(plan, route));
    for (std::size_t i = 0; i < route.columns.size(); ++i) {
      prepare(route, "probe of " + route.columns[i].name, mapping::probe_column(plan, route, i));
    }
    for (std::size_t i = 0; i < route.set_on_delete.size(); ++i) {
      prepare(route, "probe of set " + route.set_on_delete[i].name, mapping::probe_set(route, i));
    }
  }
  BOOST_TEST(prepared > 400U);
}

BOOST_AUTO_TEST_CASE(parents_rank_before_their_children) {
  // The layers of the example's foreign keys, written down by hand. messages and global_settings differ by what the
  // refs add to the keys: a message's recipient may be a patient, a setting depends on nothing.
  const std::map<int, std::string> layers = {
      {1, "offices profiles teams categories courses storages global_settings"},
      {2, "doctors technicians roles products projects templates wares comments note_comments team_members"},
      {3,
       "doctor_offices patients technician_roles role_permissions brackets template_products template_edit_roles "
       "template_view_roles template_view_groups template_predecessors doctor_notes offers"},
      {4, "patients_doctors_offices cases orders discounts messages"},
      {5, "order_cases jaws order_states treatment_plans files payments system_messages"},
      {6, "tasks order_files case_files message_attachments treatment_discussions operations"}};
  const mapping::Plan& plan = Reference::get().compilation.plan;
  std::size_t checked = 0;
  for (const auto& [rank, names] : layers) {
    std::istringstream words(names);
    for (std::string name; words >> name; ++checked) {
      const mapping::Route* route = plan.find_route(name);
      BOOST_REQUIRE_MESSAGE(route != nullptr, name);
      BOOST_TEST(route->rank == rank, name << " has rank " << route->rank << ", not " << rank);
    }
  }
  BOOST_TEST(checked == plan.routes.size());
}

BOOST_AUTO_TEST_CASE(only_categories_wait_for_rows_of_their_own_table) {
  const mapping::Plan& plan = Reference::get().compilation.plan;
  for (const mapping::SourceTable& table : plan.tables) {
    const bool waits_for_itself = std::find(table.after.begin(), table.after.end(), table.id) != table.after.end();
    BOOST_TEST(waits_for_itself == (table.name.name == "dispatch_category"), table.name.name);
  }
}

BOOST_AUTO_TEST_CASE(secrets_that_no_column_names_are_not_part_of_any_image) {
  for (const mapping::SourceTable& table : Reference::get().compilation.plan.tables) {
    for (const mapping::ImageColumn& column : table.columns) {
      BOOST_TEST(column.name != "card_bin");
      BOOST_TEST(column.name != "access_token");
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
