// The report as a browser shows it: headless Chromium, one page load.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/validate/sample_outcome.hpp"
#include "validate/html_report.hpp"

namespace {

namespace fs = std::filesystem;

/// What the page measures of itself once it is laid out. The report has no script, and its policy allows none: both are for this copy only.
constexpr const char* kMeasure = R"html(<script>
const body = document.body, all = what => [...document.querySelectorAll(what)];
body.dataset.overflows = document.documentElement.scrollWidth > window.innerWidth;
body.dataset.bars = all('.bar').filter(bar => bar.getBoundingClientRect().width > 100).length;
body.dataset.hidden = all('.bar i').filter(part => part.getBoundingClientRect().width < 4).length;
body.dataset.plain = all('.bar i').filter(part => {
  const style = getComputedStyle(part);
  return style.backgroundImage === 'none' && style.backgroundColor === 'rgba(0, 0, 0, 0)';
}).length;
body.dataset.headline = getComputedStyle(document.querySelector('.headline')).color;
body.dataset.beside = all('.sides').every(sides => {
  const [source, target] = [...sides.children].map(side => side.getBoundingClientRect());
  return source.top === target.top && source.right < target.left;
});
body.dataset.accepted = all('#accepted tbody tr').filter(row => row.getBoundingClientRect().height > 10).length;
body.dataset.evil = all('#verdict ~ * b').some(bold => bold.textContent === 'evil');
</script></body>)html";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, from);
  return text.replace(at, from.size(), to);
}

fs::path chromium() {
  for (const char* path : {"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"}) {
    if (fs::exists(path)) return path;
  }
  return {};
}

std::string file_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace

// reliability 123
BOOST_AUTO_TEST_CASE(a_browser_shows_the_report_whole_with_bars_to_scale_and_totals_side_by_side) {
  const fs::path browser = chromium();
  if (browser.empty()) {
    std::cout << "skipped: no Chromium on this machine (scripts/setup-debian --browser installs it)\n";
    return;
  }
  const tests::TempDir dir{"browser"};
  std::string html = validate::html_report(tests::different_outcome());
  html = replaced(std::move(html), "default-src 'none'; style-src",
                  "default-src 'none'; script-src 'unsafe-inline'; style-src");
  std::ofstream(dir.path() / "report.html") << replaced(std::move(html), "</body>", kMeasure);

  const fs::path screenshot = dir.path() / "report.png";
  const std::string dom = tests::run(
      {.program = browser,
       .args = {"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                "--window-size=1280,1900", "--user-data-dir=" + (dir.path() / "profile").string(),
                "--screenshot=" + screenshot.string(), "--dump-dom", "file://" + (dir.path() / "report.html").string()},
       .environment = {{"HOME", dir.path().string()}}},
      std::chrono::minutes(2));
  for (const char* measured :
       {"data-overflows=\"false\"", "data-bars=\"3\"", "data-hidden=\"0\"", "data-plain=\"0\"",
        "data-headline=\"rgb(179, 38, 30)\"", "data-beside=\"true\"", "data-accepted=\"2\"", "data-evil=\"false\""}) {
    BOOST_TEST((dom.find(measured) != std::string::npos), measured << " in " << dom.substr(dom.find("<body"), 400));
  }
  const std::string image = file_text(screenshot);
  BOOST_TEST(image.starts_with("\x89PNG"));
  BOOST_TEST(image.size() > 50'000U);  // an empty page is a few thousand bytes
  if (const char* keep = std::getenv("KEEP_SCREENSHOT"))
    fs::copy_file(screenshot, keep, fs::copy_options::overwrite_existing);
}
