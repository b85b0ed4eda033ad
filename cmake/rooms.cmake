# What nearly every file of the project includes: read once per build instead of once per file.
set(DISPATCH_PCH_HEADERS
    <algorithm>
    <array>
    <chrono>
    <compare>
    <condition_variable>
    <cstddef>
    <cstdint>
    <deque>
    <exception>
    <functional>
    <map>
    <memory>
    <mutex>
    <optional>
    <ranges>
    <set>
    <span>
    <stop_token>
    <string>
    <string_view>
    <thread>
    <tuple>
    <unordered_map>
    <unordered_set>
    <utility>
    <variant>
    <vector>
    <fmt/format.h>
    <spdlog/spdlog.h>
)

# dispatch_precompile(<target> [OWNER <target>] [HEADERS <headers>…])
#
# Gives the target the common precompiled headers, shared with OWNER unless it has headers of its own. A no-op without AGENT_PCH.
function(dispatch_precompile target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OWNER" "HEADERS")
  if(NOT AGENT_PCH)
    return()
  endif()
  if(arg_OWNER AND NOT arg_HEADERS)
    target_precompile_headers(${target} REUSE_FROM ${arg_OWNER})
  else()
    target_precompile_headers(${target} PRIVATE ${DISPATCH_PCH_HEADERS} ${arg_HEADERS})
  endif()
endfunction()

# dispatch_add_library(<folder> SOURCES <files>… [DEPENDS <folders>…] [LINK <third::…>…] [PRECOMPILE <headers>…])
#
# The static library dispatch_<folder> of one top-level folder. Includes are written from the project's root ("core/lsn.hpp").
# DEPENDS are the folders below that this one may include; LINK its third-party libraries, not passed on except by core, whose fmt
# and spdlog all share. Without sources that need compiling (headers only so far) the library is an INTERFACE one.
function(dispatch_add_library folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LINK;PRECOMPILE")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "dispatch_add_library(${folder}): do not know what to do with ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(target dispatch_${folder})
  list(TRANSFORM arg_DEPENDS PREPEND dispatch_)

  if(NOT arg_SOURCES)
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${target} INTERFACE ${arg_DEPENDS} ${arg_LINK})
    return()
  endif()

  add_library(${target} STATIC ${arg_SOURCES})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PUBLIC ${arg_DEPENDS} PRIVATE dispatch_warnings)
  if(folder STREQUAL "core")
    target_link_libraries(${target} PUBLIC third::fmt third::spdlog third::threads ${arg_LINK})
    dispatch_precompile(${target})
  else()
    target_link_libraries(${target} PRIVATE ${arg_LINK})
    dispatch_precompile(${target} OWNER dispatch_core HEADERS ${arg_PRECOMPILE})
  endif()
endfunction()
