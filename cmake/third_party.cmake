# Every library from outside, under one kind of name (third::…). All are imported targets, so their headers count as SYSTEM.
# Which folder may use which: libpq in pg/ and tests/ only, RocksDB in state/ only, yaml-cpp in mapping/ and agent/, CLI11 and libsystemd in agent/.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(ROCKSDB REQUIRED IMPORTED_TARGET rocksdb)
pkg_check_modules(YAML_CPP REQUIRED IMPORTED_TARGET yaml-cpp)
pkg_check_modules(CLI11 REQUIRED IMPORTED_TARGET CLI11)
pkg_check_modules(NLOHMANN_JSON REQUIRED IMPORTED_TARGET nlohmann_json)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

# CRoaring's package for Debian 12 carries neither a complete CMake configuration nor a pkg-config file.
find_path(ROARING_INCLUDE_DIR roaring/roaring.hh REQUIRED)
find_library(ROARING_LIBRARY roaring REQUIRED)
mark_as_advanced(ROARING_INCLUDE_DIR ROARING_LIBRARY)
add_library(roaring_imported UNKNOWN IMPORTED)
set_target_properties(
  roaring_imported PROPERTIES IMPORTED_LOCATION ${ROARING_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${ROARING_INCLUDE_DIR}
)

add_library(third::threads ALIAS Threads::Threads)
add_library(third::fmt ALIAS fmt::fmt)
add_library(third::spdlog ALIAS spdlog::spdlog)
add_library(third::openssl ALIAS OpenSSL::Crypto)
add_library(third::libpq ALIAS PkgConfig::LIBPQ)
add_library(third::rocksdb ALIAS PkgConfig::ROCKSDB)
add_library(third::yaml ALIAS PkgConfig::YAML_CPP)
add_library(third::cli11 ALIAS PkgConfig::CLI11)
add_library(third::json ALIAS PkgConfig::NLOHMANN_JSON)
add_library(third::systemd ALIAS PkgConfig::SYSTEMD)
add_library(third::xxhash ALIAS PkgConfig::XXHASH)
add_library(third::roaring ALIAS roaring_imported)

if(AGENT_TESTS)
  find_package(Boost 1.74 REQUIRED COMPONENTS unit_test_framework)
  add_library(third::boost_test ALIAS Boost::unit_test_framework)
endif()
