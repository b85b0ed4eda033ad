// The main() of every test program, provided by Boost.Test.
#define BOOST_TEST_MODULE dispatch_sync
#include <boost/test/unit_test.hpp>
