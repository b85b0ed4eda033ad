# Language, warnings, sanitizers, linker and compiler cache, for every target of this project.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${AGENT_LTO})

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()
# Line tables are enough for a useful back trace and cost a fraction of full debug information.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

# Warnings are the project's own business: linked privately, so that nobody inherits them. They become errors in the presets
# (CMAKE_COMPILE_WARNING_AS_ERROR), not for a packager with a newer compiler.
add_library(dispatch_warnings INTERFACE)
target_compile_options(
  dispatch_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wswitch-enum
)

if(AGENT_SANITIZE)
  add_compile_options(-fsanitize=${AGENT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${AGENT_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND AGENT_SANITIZE MATCHES "address|undefined|thread")
    # With sanitizers, g++ 12 reports uninitialised members (GCC bug 105562) and, where strings are added, copies beyond a string's own
    # buffer (105651) inside the standard library that do not exist. The other presets compile the same code with both warnings on.
    target_compile_options(dispatch_warnings INTERFACE -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow)
  endif()
endif()

if(AGENT_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "AGENT_FUZZ needs clang (libFuzzer): use the preset fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(AGENT_FAILPOINTS)
  add_compile_definitions(AGENT_FAILPOINTS=1)
endif()

# Most of a file's compile time goes into headers and into templates that its neighbours instantiate as well. Files of one library share a
# translation unit: names in unnamed namespaces are therefore unique in their library or test suite, which the compiler insists on.
set(CMAKE_UNITY_BUILD ${AGENT_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
if(AGENT_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # A file that is included looks like a header to it, and what headers must not do with unnamed namespaces is a file's right.
  target_compile_options(dispatch_warnings INTERFACE -Wno-subobject-linkage)
endif()

# The fastest linker that is installed; the default one takes seconds for each test program.
find_program(DISPATCH_MOLD NAMES mold ld.mold)
find_program(DISPATCH_LLD NAMES ld.lld)
mark_as_advanced(DISPATCH_MOLD DISPATCH_LLD)
if(DISPATCH_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(DISPATCH_LLD)
  add_link_options(-fuse-ld=lld)
endif()

find_program(DISPATCH_CCACHE NAMES ccache)
mark_as_advanced(DISPATCH_CCACHE)
if(AGENT_CCACHE AND DISPATCH_CCACHE AND (NOT CMAKE_CXX_COMPILER_LAUNCHER OR CMAKE_CXX_COMPILER_LAUNCHER STREQUAL "ccache"))
  # ccache refuses to cache what includes a precompiled header unless it is told that macros and time stamps in it do not matter.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
                                  ${DISPATCH_CCACHE})
  if(AGENT_PCH AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  elseif(AGENT_PCH)
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()
