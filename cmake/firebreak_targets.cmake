# How every target in this repository is made: one warning set, one standard, one layer map.

option(FIREBREAK_WERROR "Warnings are errors" OFF)
option(FIREBREAK_FUZZ "Build the libFuzzer targets (clang)" OFF)
option(FIREBREAK_FAST_WORLDS "Optimise, in a debug build too, what the simulated worlds run" OFF)

# The layer map: which rooms a room may use. An arrow that is not here is a build error.
# ARCHITECTURE.md draws the same map; change both in one commit.
set(FIREBREAK_LAYER_base "")
set(FIREBREAK_LAYER_trust base)
set(FIREBREAK_LAYER_content base)
set(FIREBREAK_LAYER_rollout base)
set(FIREBREAK_LAYER_calendar base rollout)
set(FIREBREAK_LAYER_health base)
set(FIREBREAK_LAYER_net base)
set(FIREBREAK_LAYER_signing base trust)
set(FIREBREAK_LAYER_sensor base)
set(FIREBREAK_LAYER_sigma_events base sensor)
set(FIREBREAK_LAYER_sigma_rules base sensor sigma_events)
set(FIREBREAK_LAYER_sigma base content sensor sigma_events sigma_rules)
set(FIREBREAK_LAYER_server base trust content rollout calendar health net signing)
set(FIREBREAK_LAYER_validator base trust content signing sensor sigma_events sigma_rules sigma)
set(FIREBREAK_LAYER_client base trust content rollout health net sensor sigma_events)
set(FIREBREAK_LAYER_cli base trust content rollout calendar health net signing sensor sigma_events sigma_rules sigma)

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(FIREBREAK_ENGINE_DIR ${PROJECT_BINARY_DIR}/lib/engines)

find_program(FIREBREAK_CCACHE ccache)
if(FIREBREAK_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${FIREBREAK_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${FIREBREAK_CCACHE})
endif()
find_program(FIREBREAK_MOLD mold)
if(FIREBREAK_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_link_options(-fuse-ld=mold)
endif()

add_library(firebreak_options INTERFACE)
target_compile_features(firebreak_options INTERFACE cxx_std_20)
target_include_directories(firebreak_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(firebreak_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
  $<$<BOOL:${FIREBREAK_WERROR}>:-Werror>)
# Once it optimises, GCC 12 warns of overflows in the standard library's inlined copies, and of deletes in Asio's
# coroutine frames, that are not there. The debug build keeps these warnings.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13
   AND CMAKE_BUILD_TYPE MATCHES "^Rel")
  target_compile_options(firebreak_options INTERFACE
    -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread -Wno-free-nonheap-object
    $<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>)
endif()

# The rooms that thousands of simulated worlds spend their time in (tests/simulation).
set(FIREBREAK_FAST_ROOMS base trust content rollout calendar health net signing)
set(FIREBREAK_FAST_ASIO_ROOMS server client)

# firebreak_fast(<target> [flags...]): at -O1, which costs a tenth more of compile time, and keeps the assertions. All
# that is linked together needs it: the linker keeps one copy of what the headers bring, be it the slow one.
function(firebreak_fast target)
  if(FIREBREAK_FAST_WORLDS)
    target_compile_options(${target} PRIVATE -O1 ${ARGN})
  endif()
endfunction()
# What sees Asio: GCC 12 then warns of deletes in its coroutine frames that are not there, as above.
function(firebreak_fast_with_asio target)
  firebreak_fast(${target} $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>)
endfunction()

function(firebreak_check_layers room)
  foreach(used IN LISTS ARGN)
    if(NOT used IN_LIST FIREBREAK_LAYER_${room})
      message(FATAL_ERROR "layering: ${room} may not use ${used} (see cmake/firebreak_targets.cmake)")
    endif()
  endforeach()
endfunction()

# firebreak_library(<room> SOURCES <file>... [ROOMS <room>...] [LIBS <t>...] [PUBLIC_LIBS <t>...])
#
# Makes firebreak::<room> from SOURCES. ROOMS are other rooms (checked against the layer map). LIBS are
# third-party targets that only this room's .cpp files see; PUBLIC_LIBS show in its headers.
function(firebreak_library room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;ROOMS;LIBS;PUBLIC_LIBS")
  firebreak_check_layers(${room} ${arg_ROOMS})
  add_library(firebreak_${room} STATIC ${arg_SOURCES})
  add_library(firebreak::${room} ALIAS firebreak_${room})
  list(TRANSFORM arg_ROOMS PREPEND firebreak::)
  target_link_libraries(firebreak_${room}
    PUBLIC firebreak_options ${arg_ROOMS} ${arg_PUBLIC_LIBS}
    PRIVATE ${arg_LIBS})
  if(room IN_LIST FIREBREAK_FAST_ROOMS)
    firebreak_fast(firebreak_${room})
  elseif(room IN_LIST FIREBREAK_FAST_ASIO_ROOMS)
    firebreak_fast_with_asio(firebreak_${room})
  endif()
endfunction()

# firebreak_program(<name> ROOM <room> SOURCES <file>... [LIBS <t>...]): bin/<name>, on top of its room.
function(firebreak_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "ROOM" "SOURCES;LIBS")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE firebreak::${arg_ROOM} CLI11::CLI11 ${arg_LIBS})
endfunction()

# What `script/sanitize` builds: every test that carries the label unit.
add_custom_target(unit_tests)

# firebreak_test(<name> SOURCES <file>... LIBS <target>... [LABELS <l>...] [TIMEOUT <s>] [ALONE <filter>]):
# one gtest binary, one ctest entry per case. ALONE: cases that measure processor time, and so run
# with no other test beside them, which would take its share of caches and cores.
function(firebreak_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT;ALONE" "SOURCES;LIBS;LABELS")
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600)  # Against hanging for ever; a slow machine is no failure.
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  if(unit IN_LIST arg_LABELS)
    add_dependencies(unit_tests ${name})
  endif()
  if(arg_ALONE)
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 TEST_FILTER "${arg_ALONE}"
      PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} RUN_SERIAL ON)
    set(others TEST_FILTER "-${arg_ALONE}")
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 ${others}
    PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
endfunction()
