// The main() of every test program, provided by Boost.Test; prints the seed beside each failure of a test that used
// one.
#define BOOST_TEST_MODULE dispatch_sync
#include <boost/test/results_collector.hpp>
#include <boost/test/tree/observer.hpp>
#include <boost/test/unit_test.hpp>
#include <iostream>

#include "tests/support/seed.hpp"

namespace {

class SeedPrinter : public boost::unit_test::test_observer {
 public:
  void test_unit_finish(const boost::unit_test::test_unit& unit, unsigned long /*microseconds*/) override {
    if (unit.p_type == boost::unit_test::TUT_CASE && tests::is_seed_used() &&
        !boost::unit_test::results_collector.results(unit.p_id).passed()) {
      std::cerr << "failed: " << unit.full_name() << "; repeat it with TEST_SEED=" << tests::seed() << '\n';
    }
  }
};

struct PrintSeed {
  PrintSeed() { boost::unit_test::framework::register_observer(printer); }
  ~PrintSeed() { boost::unit_test::framework::deregister_observer(printer); }
  PrintSeed(const PrintSeed&) = delete;
  PrintSeed& operator=(const PrintSeed&) = delete;

  SeedPrinter printer;
};

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(PrintSeed);
