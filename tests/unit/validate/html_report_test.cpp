#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/unit/validate/sample_outcome.hpp"
#include "validate/html_report.hpp"
#include "validate/html_text.hpp"
#include "validate/reconcile_pairs.hpp"
#include "validate/verdict.hpp"

namespace {

using validate::Outcome;
using validate::Verdict;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

bool contains(const std::string& text, const std::string& part) { return count(text, part) > 0; }

}  // namespace

BOOST_AUTO_TEST_SUITE(html_report)

// reliability 103
BOOST_AUTO_TEST_CASE(the_verdict_says_equal_only_of_what_was_looked_at) {
  Outcome outcome = tests::equal_outcome();
  BOOST_TEST((validate::verdict_of(outcome).kind == Verdict::Kind::Equal));
  BOOST_TEST(validate::verdict_of(outcome).headline == "The two databases are equal.");
  outcome.tables = {"public.team"};
  BOOST_TEST(validate::verdict_of(outcome).headline == "The tables that were compared are equal.");
  outcome.routes[0].not_checked = "interrupted";
  BOOST_TEST((validate::verdict_of(outcome).kind == Verdict::Kind::EqualSoFar));
  BOOST_TEST(validate::verdict_of(outcome).reasons.at(0) == "Not checked: route teams: interrupted.");
  outcome.routes[0].missing = 1;
  const Verdict verdict = validate::verdict_of(outcome);
  BOOST_TEST((verdict.kind == Verdict::Kind::Different));
  BOOST_TEST(verdict.reasons.at(0) == "1 row is missing on the target.");
  BOOST_TEST(verdict.reasons.at(1) == "Besides, not everything was checked.");
}

BOOST_AUTO_TEST_CASE(every_way_of_being_different_has_its_sentence) {
  const Verdict verdict = validate::verdict_of(tests::different_outcome());
  BOOST_TEST(verdict.headline == "The two databases are not equal.");
  const std::vector<std::string> expected = {
      "1,204 rows are missing on the target.",
      "3 rows have other values on the target than the source means.",
      "2 rows of the agent are on the target though the source does not mean them.",
      "40 rows wait for a parent that is not on the target.",
      "7 rows were refused by the target, which would take 2 of them today.",
      "The totals of \"revenue\" are not equal.",
      "2 rows of public.orders break orders_patient_id_fkey.",
      "Besides, not everything was checked.",
      "12 rows are left out, and somebody has accepted that by name."};
  BOOST_TEST(verdict.reasons == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nothing_in_a_text_is_markup_and_nothing_looks_otherwise_than_it_is) {
  using validate::html_text;
  BOOST_TEST(html_text("<script>alert('1' & \"2\")</script>") ==
             "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;");
  BOOST_TEST(html_text("Käse €, 𝄞") == "Käse €, 𝄞");
  BOOST_TEST(html_text("a\xC3") == "a\xEF\xBF\xBD");
  BOOST_TEST(html_text("\xC0\xAF|\xED\xA0\x80|\xF5\x80\x80\x80").find('\xC0') == std::string::npos);
  BOOST_TEST(html_text(std::string_view("a\0b\x1B\x7F", 5)) ==
             "a\xEF\xBF\xBD"
             "b\xEF\xBF\xBD\xEF\xBF\xBD");
  BOOST_TEST(html_text("abc\xE2\x80\xAE"
                       "cba") ==
             "abc\xEF\xBF\xBD"
             "cba");  // right-to-left override
}

BOOST_AUTO_TEST_CASE(lines_of_two_totals_stand_beside_their_like) {
  using validate::pair_lines;
  const auto pairs = pair_lines({{"a", "1"}, {"b", "2"}, {"c", "3"}}, {{"a", "1"}, {"b", "5"}, {"d", std::nullopt}});
  BOOST_REQUIRE(pairs.size() == 4U);
  BOOST_TEST(pairs[0].is_equal());
  BOOST_TEST((pairs[1].source && pairs[1].target && !pairs[1].is_equal()));
  BOOST_TEST((pairs[2].source && !pairs[2].target));
  BOOST_TEST((!pairs[3].source && pairs[3].target));
  // As multisets: what is there twice must be there twice.
  const auto twice = pair_lines({{"x"}, {"x"}}, {{"x"}});
  BOOST_REQUIRE(twice.size() == 2U);
  BOOST_TEST((twice[0].is_equal() && !twice[1].is_equal()));
}

BOOST_AUTO_TEST_CASE(the_page_needs_nothing_but_itself) {
  const std::string html = validate::html_report(tests::different_outcome());
  for (const char* foreign : {"http:", "https:", "<script", "<link", "<img", "@import", "url(", "src="}) {
    BOOST_TEST(!contains(html, foreign), foreign);
  }
}

// reliability 123
BOOST_AUTO_TEST_CASE(the_page_names_what_was_found_by_key_and_says_what_was_not_checked) {
  const std::string html = validate::html_report(tests::different_outcome());
  for (const char* part : {"The two databases are not equal.", "LSN 16/B374D848", "2026-11-23 07:00:00 UTC",
                           "2 min 5 s", "ada@db7", "dispatch at legacy.example:5432", "<code>4711</code>",
                           "<code>status, total</code>", "1,204", "patient 12 is not on the target",
                           "quarantined, would pass now", "connection lost", "&lt;b&gt;evil&lt;/b&gt; &amp; sons"}) {
    BOOST_TEST(contains(html, part), part);
  }
  for (const char* part : {"<td><code>315</code></td><td>left out, without its parent</td><td>grace@db7</td>",
                           "the patient was deleted in 2019", "The first 2 of 12;"}) {
    BOOST_TEST(contains(html, part), part);
  }
  BOOST_TEST(!contains(html, "<b>evil</b>"));
  BOOST_TEST(count(html, "<div class=\"bar\"") == 3U);
  BOOST_TEST(contains(html, "title=\"100,000 matched, 1,204 missing"));
}

BOOST_AUTO_TEST_CASE(an_outcome_of_nothing_is_not_called_equal) {
  const std::string html = validate::html_report(Outcome{});
  BOOST_TEST(contains(html, "Nothing was compared."));
  BOOST_TEST(contains(html, "</html>"));
}

BOOST_AUTO_TEST_SUITE_END()
