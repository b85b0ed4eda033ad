#include "validate/html_report.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "validate/html_style.hpp"
#include "validate/html_text.hpp"
#include "validate/reconcile_pairs.hpp"
#include "validate/verdict.hpp"

namespace validate {

namespace {

// Lines of one reconcile query that are shown: more is no report but a dump. Those that differ come first.
constexpr std::size_t kMostLines = 200;

/// A kind of row as the bars show it.
struct ShownKind {
  std::string_view name;  ///< also the class of the style sheet
  std::int64_t RouteOutcome::*rows;
  bool is_wrong;
  std::string_view means;
};

constexpr std::array<ShownKind, 7> kShownKinds = {{
    {"matched", &RouteOutcome::matched, false, "on the target, with the same values in every column"},
    {"missing", &RouteOutcome::missing, true, "meant by the source, and not on the target"},
    {"different", &RouteOutcome::different, true, "on the target with other values"},
    {"extra", &RouteOutcome::extra, true, "written by the agent, and not (or no longer) meant by the source"},
    {"parked", &RouteOutcome::parked, true, "kept out because a parent is not on the target"},
    {"quarantined", &RouteOutcome::quarantined, true, "refused by the target"},
    {"accepted", &RouteOutcome::accepted, false, "left out, which somebody has accepted by name, with a reason"},
}};

/// Counts that say nothing about right or wrong.
struct Count {
  std::string_view name;
  std::int64_t RouteOutcome::*rows;
  std::string_view means;
};

constexpr std::array<Count, 4> kCounts = {{
    {"filtered", &RouteOutcome::filtered, "source rows that the mapping leaves out on purpose"},
    {"shared", &RouteOutcome::shared, "source rows that mean the same target row as another, which has it"},
    {"foreign", &RouteOutcome::foreign, "target rows that the agent did not write; it never touches them"},
    {"kept", &RouteOutcome::kept, "target rows whose source row is gone, and that the mapping says to keep"},
}};

std::string element(std::string_view tag, std::string_view text) {
  return fmt::format("<{0}>{1}</{0}>", tag, html_text(text));
}

std::string code(std::string_view text) { return element("code", text); }

std::string number_cell(std::int64_t number, bool is_wrong) {
  const std::string_view kind = number == 0 ? "n zero" : is_wrong ? "n wrong" : "n";
  return fmt::format("<td class=\"{}\">{}</td>", kind, grouped(number));
}

std::string mark(bool is_checked, bool is_equal) {
  if (!is_checked) return "<span class=\"unsure\">not checked</span>";
  return is_equal ? "<span class=\"good\">equal</span>" : "<span class=\"bad\">not equal</span>";
}

std::string time_of(std::chrono::system_clock::time_point time) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(std::chrono::floor<std::chrono::seconds>(time)));
}

std::string duration_of(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} seconds", seconds);
  const auto whole = static_cast<std::int64_t>(seconds);
  return whole < 3600 ? fmt::format("{} min {} s", whole / 60, whole % 60)
                      : fmt::format("{} h {} min", whole / 3600, whole / 60 % 60);
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::string verdict_box(const Outcome& outcome) {
  const Verdict verdict = verdict_of(outcome);
  const std::string_view kind = verdict.kind == Verdict::Kind::Equal        ? "equal"
                                : verdict.kind == Verdict::Kind::EqualSoFar ? "equal-so-far"
                                                                            : "different";
  std::string html = fmt::format("<section class=\"verdict {}\" id=\"verdict\">\n<p class=\"headline\">{}</p>\n<ul>\n",
                                 kind, html_text(verdict.headline));
  for (const std::string& reason : verdict.reasons) html += element("li", reason) + "\n";
  return html + "</ul>\n</section>\n";
}

std::string facts(const Outcome& outcome) {
  std::int64_t read = 0;
  for (const RouteOutcome& route : outcome.routes) read += route.read;
  std::string html = "<table class=\"facts\" id=\"facts\"><tbody>\n";
  const auto add = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) html += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", name, html_text(text));
  };
  const auto server = [](const std::string& database, const std::string& version) {
    return version.empty() ? database : database + " (PostgreSQL " + version + ")";
  };
  add("Source", server(outcome.source_database, outcome.source_version));
  add("Target", server(outcome.target_database, outcome.target_version));
  add("Compared at", "LSN " + outcome.lsn.to_string() + " of the source");
  add("Started", time_of(outcome.started_at));
  add("Took", duration_of(outcome.seconds) +
                  (outcome.seconds > 0
                       ? fmt::format(", {} source rows read, {} rows/s", grouped(read),
                                     grouped(static_cast<std::int64_t>(static_cast<double>(read) / outcome.seconds)))
                       : std::string{}));
  add("Run by", outcome.actor);
  add("Agent", outcome.agent_version);
  add("Asked for",
      (outcome.tables.empty() ? std::string{"all tables of the mapping"} : "only " + joined(outcome.tables, ", ")) +
          (outcome.is_counted_only ? "; numbers of rows only, without their contents" : ""));
  return html + "</tbody></table>\n";
}

std::string bar(const RouteOutcome& route) {
  std::string parts;
  std::string words;
  for (const ShownKind& kind : kShownKinds) {
    const std::int64_t rows = route.*kind.rows;
    if (rows == 0) continue;
    parts += fmt::format("<i class=\"{}\" style=\"flex-grow:{}\"></i>", kind.name, rows);
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", grouped(rows), kind.name);
  }
  return fmt::format("<div class=\"bar\" role=\"img\" aria-label=\"{0}\" title=\"{0}\">{1}</div>",
                     words.empty() ? "no rows" : words, parts);
}

std::string legend() {
  std::string html = "<ul class=\"legend\">";
  for (const ShownKind& kind : kShownKinds) html += fmt::format("<li><i class=\"{0}\"></i>{0}</li>", kind.name);
  return html + "</ul>\n";
}

std::string route_line(const RouteOutcome& route) {
  std::string html = fmt::format("<tr><td><b>{}</b><div class=\"sub\">{} → {}</div></td><td>{}</td>",
                                 html_text(route.name), html_text(route.from), html_text(route.to), bar(route));
  for (const ShownKind& kind : kShownKinds) html += number_cell(route.*kind.rows, kind.is_wrong);
  std::string state = mark(true, route.match());
  if (!route.not_checked.empty()) {
    state = (route.match() ? "" : mark(true, false) + "<br>") + mark(false, false);
  } else if (route.is_counted_only && route.match()) {
    state = "<span class=\"unsure\">numbers equal</span>";
  }
  return html + "<td>" + state + "</td></tr>\n";
}

std::string routes(const Outcome& outcome) {
  std::string html =
      "<h2>Rows, route by route</h2>\n"
      "<p>A route brings the rows of one source table to one target table. Each row that the source means, and each "
      "that the agent has written, is in one of the columns.</p>\n" +
      legend() + "<table id=\"routes\"><thead><tr><th scope=\"col\">Route</th><th scope=\"col\">Rows</th>";
  for (const ShownKind& kind : kShownKinds) html += fmt::format("<th scope=\"col\" class=\"n\">{}</th>", kind.name);
  html += "<th scope=\"col\"></th></tr></thead><tbody>\n";
  for (const RouteOutcome& route : outcome.routes) html += route_line(route);
  return html + "</tbody></table>\n";
}

std::string other_rows(const Outcome& outcome) {
  std::string html =
      "<h2>Other rows, and checksums</h2>\n<p>Checksums are 128 bits over the contents of all rows of a route, worked "
      "out by the "
      "target's server: of the rows that the source means, and of the agent's rows that are there.</p>\n"
      "<table id=\"others\"><thead><tr><th scope=\"col\">Route</th><th scope=\"col\" class=\"n\">source rows read</th>";
  for (const Count& count : kCounts) html += fmt::format("<th scope=\"col\" class=\"n\">{}</th>", count.name);
  html += "<th scope=\"col\">Checksums, source over target</th></tr></thead><tbody>\n";
  for (const RouteOutcome& route : outcome.routes) {
    const bool is_equal = route.source_checksum == route.target_checksum;
    html += fmt::format("<tr{}><td>{}</td>{}", is_equal ? "" : " class=\"only\"", html_text(route.name),
                        number_cell(route.read, false));
    for (const Count& count : kCounts) html += number_cell(route.*count.rows, false);
    html += fmt::format("<td>{}</td></tr>\n", route.is_counted_only ? std::string{"not worked out"}
                                                                    : code(route.source_checksum.to_string()) + "<br>" +
                                                                          code(route.target_checksum.to_string()));
  }
  return html + "</tbody></table>\n";
}

std::string examples(const Outcome& outcome) {
  std::string html;
  for (const RouteOutcome& route : outcome.routes) {
    if (route.examples.empty()) continue;
    const std::int64_t all = route.missing + route.different + route.extra + route.parked + route.quarantined;
    const auto shown = static_cast<std::int64_t>(route.examples.size());
    html += fmt::format(
        "<h3>{}</h3>\n{}<table><thead><tr><th scope=\"col\">What</th><th scope=\"col\">Legacy key</th><th "
        "scope=\"col\">Key on the target</th><th scope=\"col\">Columns that differ</th><th "
        "scope=\"col\">Why</th></tr></thead>"
        "<tbody>\n",
        html_text(route.name),
        shown < all ? fmt::format("<p>The first {} of {}.</p>\n", grouped(shown), grouped(all)) : "");
    for (const Finding& finding : route.examples) {
      html +=
          fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                      finding.kind == FindingKind::WouldPass ? "quarantined, would pass now" : to_string(finding.kind),
                      finding.legacy_key.empty() ? "" : code(finding.legacy_key),
                      finding.target_key.empty() ? "" : code(joined(finding.target_key, ", ")),
                      finding.columns.empty() ? "" : code(joined(finding.columns, ", ")), html_text(finding.note));
    }
    html += "</tbody></table>\n";
  }
  if (html.empty()) return {};
  return "<h2>Rows that are not as they should be</h2>\n<p>Examples of each kind, by their keys; this report holds no "
         "values "
         "of rows. <code>agent repair --dry-run</code> names them all, <code>agent repair</code> puts them "
         "right.</p>\n" +
         html;
}

/// What of a row somebody answers for, by the operation that it stands for in the ledger.
std::string_view accepted_text(const AcceptedRow& row) {
  if (row.kind == "park") return "left out, without its parent";
  if (row.kind == "delete") return "left on the target";
  return "left out, refused by the target";
}

std::string accepted(const Outcome& outcome) {
  if (outcome.accepted.empty()) return {};
  std::int64_t all = 0;
  for (const RouteOutcome& route : outcome.routes) all += route.accepted;
  const auto shown = static_cast<std::int64_t>(outcome.accepted.size());
  std::string html =
      "<h2>Rows that somebody answers for</h2>\n<p>They count as equal: an operator has given them up by name "
      "(<code>agent quarantine discard</code>).</p>\n" +
      (shown < all ? fmt::format("<p>The first {} of {}; <code>agent quarantine list</code> names more.</p>\n",
                                 grouped(shown), grouped(all))
                   : "") +
      "<table id=\"accepted\"><thead><tr><th scope=\"col\">Route</th><th scope=\"col\">Legacy key</th><th "
      "scope=\"col\">What</th><th scope=\"col\">Who</th><th scope=\"col\">When</th><th scope=\"col\">Why</th></tr>"
      "</thead><tbody>\n";
  for (const AcceptedRow& row : outcome.accepted) {
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                        html_text(row.route), code(row.legacy_key), accepted_text(row), html_text(row.actor),
                        html_text(row.at), html_text(row.reason));
  }
  return html + "</tbody></table>\n";
}

std::string reconcile_side(const ReconcileOutcome& one, std::string_view side, const std::vector<ReconcilePair>& lines,
                           std::optional<ReconcileRow> ReconcilePair::*of) {
  std::string html = fmt::format("<div><table><caption class=\"sub\">{}</caption><thead><tr>", side);
  for (const std::string& column : one.columns) html += fmt::format("<th scope=\"col\">{}</th>", html_text(column));
  html += "</tr></thead><tbody>\n";
  const std::size_t width = std::max<std::size_t>(one.columns.size(), 1);
  for (const ReconcilePair& line : lines) {
    html += line.is_equal() ? "<tr>" : "<tr class=\"only\">";
    if (const auto& row = line.*of) {
      for (const auto& value : *row) html += value ? element("td", *value) : "<td class=\"null\">NULL</td>";
    } else {
      html += fmt::format("<td colspan=\"{}\" class=\"bad\">no such line</td>", width);
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string reconcile(const Outcome& outcome) {
  if (outcome.reconcile.empty()) return {};
  std::string html =
      "<h2>Totals</h2>\n<p>Written independently for either side in the mapping (<code>reconcile:</code>), so that a "
      "wrong "
      "mapping shows as well as a wrong copy. Both were asked at the LSN above.</p>\n";
  for (const ReconcileOutcome& one : outcome.reconcile) {
    html += fmt::format("<h3>{} {}</h3>\n", html_text(one.name), mark(one.not_checked.empty(), one.match()));
    if (!one.not_checked.empty()) {
      html += element("p", one.not_checked) + "\n";
      continue;
    }
    std::vector<ReconcilePair> lines = pair_lines(one.source, one.target);
    const std::size_t all = lines.size();
    if (all > kMostLines) {
      std::ranges::stable_partition(lines, [](const ReconcilePair& line) { return !line.is_equal(); });
      lines.resize(kMostLines);
      html += fmt::format("<p>{} lines of {}, those that differ first.</p>\n", kMostLines, all);
    }
    html += "<div class=\"sides\">\n" + reconcile_side(one, "Source", lines, &ReconcilePair::source) +
            reconcile_side(one, "Target", lines, &ReconcilePair::target) + "</div>\n";
  }
  return html;
}

std::string_view rule_held(IntegrityOutcome::Rule rule) {
  switch (rule) {
    case IntegrityOutcome::Rule::ForeignKey: return "rows that are referred to are there";
    case IntegrityOutcome::Rule::LegacyId: return "no legacy key is there twice";
    case IntegrityOutcome::Rule::EntityUuid: return "legacy keys and UUIDs are one to one";
  }
  return "";
}

std::string integrity(const Outcome& outcome) {
  if (outcome.integrity.empty()) return {};
  std::string html =
      "<h2>Rules of the target</h2>\n<p>What the target itself promises, and may not have enforced while rows were "
      "written.</p>\n<table id=\"integrity\"><thead><tr><th scope=\"col\">Table</th><th scope=\"col\">Rule</th><th "
      "scope=\"col\">Name</th><th scope=\"col\" class=\"n\">Violations</th><th scope=\"col\">Rows, for example</th>"
      "</tr></thead><tbody>\n";
  for (const IntegrityOutcome& one : outcome.integrity) {
    html += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td>{}<td>{}</td></tr>\n", html_text(one.table), rule_held(one.rule),
        code(one.name),
        one.not_checked.empty() ? number_cell(one.violations, true) : "<td class=\"n\">" + mark(false, false) + "</td>",
        one.examples.empty() ? html_text(one.not_checked) : code(joined(one.examples, " ")));
  }
  return html + "</tbody></table>\n";
}

std::string not_checked(const Outcome& outcome) {
  std::string html = "<h2>What was not checked</h2>\n";
  const std::vector<NotChecked> all = outcome.all_not_checked();
  if (all.empty()) {
    return html + fmt::format("<p id=\"not-checked\">Nothing of what was asked for was left out.{}</p>\n",
                              outcome.tables.empty() ? "" : " Only some tables were asked for.");
  }
  html += "<table id=\"not-checked\"><tbody>\n";
  for (const NotChecked& one : all)
    html += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", html_text(one.what), html_text(one.why));
  return html + "</tbody></table>\n";
}

std::string words() {
  std::string html = "<h2>What the words mean</h2>\n<dl class=\"glossary\">\n";
  for (const ShownKind& kind : kShownKinds) html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", kind.name, kind.means);
  for (const Count& count : kCounts) html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", count.name, count.means);
  return html +
         "</dl>\n<p>Both databases were read as they were at one moment: when everything that the source had committed "
         "before "
         "the LSN above was on the target, and nothing after it. What the source means was worked out afresh from its "
         "own rows, by "
         "the mapping alone; nothing that the agent had written down before was trusted, except the ids that an "
         "earlier migration "
         "gave.</p>\n";
}

}  // namespace

std::string html_report(const Outcome& outcome) {
  const std::string title = "Validation of " + outcome.target_database + " at LSN " + outcome.lsn.to_string();
  return fmt::format(
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
             "http-equiv=\"Content-Security-Policy\" "
             "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<meta name=\"viewport\" "
             "content=\"width=device-width\">\n"
             "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<h1>Validation of a migration</h1>\n",
             html_text(title), kHtmlStyle) +
         verdict_box(outcome) + facts(outcome) + routes(outcome) + examples(outcome) + accepted(outcome) +
         reconcile(outcome) + integrity(outcome) + not_checked(outcome) + other_rows(outcome) + words() +
         fmt::format("<footer>Made by {} on {}. Exact at LSN {}.</footer>\n</body>\n</html>\n",
                     html_text("agent " + outcome.agent_version), time_of(outcome.started_at),
                     html_text(outcome.lsn.to_string()));
}

}  // namespace validate
