#pragma once

#include <string_view>

namespace validate {

/// The report's style sheet. No font, image or script from anywhere: the file shall look the same in ten years. Kinds of rows differ in
/// pattern as well as in colour, for prints in grey and for eyes that do not tell red from green.
inline constexpr std::string_view kHtmlStyle = R"css(
:root { --ink: #1c2330; --soft: #5b6472; --line: #d9dee6; --pale: #f5f7fa; --good: #2e7d4f; --bad: #b3261e; --unsure: #9a6700; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink); background: #fff; max-width: 72rem; margin: 2rem auto;
  padding: 0 1.5rem; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
h1 { font-size: 1.05rem; font-weight: 600; color: var(--soft); margin: 0 0 .6rem; }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .4rem; }
p { margin: .4rem 0; max-width: 56rem; }
.verdict { border: 1px solid var(--line); border-left: 8px solid var(--good); border-radius: 6px; padding: 1rem 1.4rem; background: var(--pale); }
.verdict.different { border-left-color: var(--bad); }
.verdict.equal-so-far { border-left-color: var(--unsure); }
.verdict .headline { font-size: 1.5rem; font-weight: 700; line-height: 1.25; margin: 0 0 .4rem; color: var(--good); }
.verdict.different .headline { color: var(--bad); }
.verdict.equal-so-far .headline { color: var(--unsure); }
.verdict ul { margin: .3rem 0 0; padding-left: 1.2rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; font-size: .87rem; }
th, td { text-align: left; vertical-align: top; padding: .32rem .55rem; border-bottom: 1px solid var(--line); }
thead th { border-bottom: 2px solid var(--line); color: var(--soft); font-weight: 600; white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.zero { color: #a3abb8; }
td.wrong { color: var(--bad); font-weight: 700; }
tr.only td { background: #fdf0ef; }
tr { break-inside: avoid; }
.facts { width: auto; }
.facts th { color: var(--soft); font-weight: 500; white-space: nowrap; }
.facts th, .facts td { border: 0; padding: .12rem 1.2rem .12rem 0; }
code { font: .86em/1.4 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; unicode-bidi: isolate; }
.null { color: var(--soft); font-style: italic; }
.sub { color: var(--soft); font-size: .82rem; }
.good { color: var(--good); font-weight: 700; white-space: nowrap; }
.bad { color: var(--bad); font-weight: 700; white-space: nowrap; }
.unsure { color: var(--unsure); font-weight: 700; white-space: nowrap; }
.bar { display: flex; width: 11rem; height: .95rem; border: 1px solid var(--ink); border-radius: 2px; overflow: hidden; background: #fff; }
.bar i { display: block; min-width: 5px; flex-basis: 0; }
.bar i + i { border-left: 1px solid #fff; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.3rem; font-size: .84rem; margin: .4rem 0; padding: 0; list-style: none; }
.legend i { display: inline-block; width: 1.5rem; height: .8rem; margin-right: .4rem; border: 1px solid var(--ink); vertical-align: -1px; }
.matched { background: #7cc19a; }
.missing { background: #b3261e; }
.different { background: repeating-linear-gradient(45deg, #e8710a 0 4px, #f9b87c 4px 8px); }
.extra { background: repeating-linear-gradient(-45deg, #7a3fc4 0 4px, #c6a7ef 4px 8px); }
.parked { background: repeating-linear-gradient(90deg, #3b78d8 0 3px, #b5d0f7 3px 6px); }
.quarantined { background: repeating-linear-gradient(0deg, #6d4c41 0 3px, #c9b3ab 3px 6px); }
.accepted { background: #cfd5de; }
.uncompared { background: #fff; }
.verdict.different { background: var(--pale); }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1.2rem; }
caption { text-align: left; font-weight: 600; }
.sides > div { overflow-x: auto; }
.glossary { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; font-size: .87rem; }
.glossary dt { font-weight: 600; }
.glossary dd { margin: 0; }
footer { margin: 2.5rem 0 1rem; padding-top: .6rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .82rem; }
@page { margin: 14mm; }
@media print {
  body { margin: 0; padding: 0; max-width: none; font-size: 9.5pt; }
  h2, h3 { break-after: avoid; }
  .verdict, .sides { break-inside: avoid; }
  .bar { width: 7rem; }
  table { font-size: 7.5pt; }
  th, td { padding: .25rem .35rem; }
}
)css";

}  // namespace validate
