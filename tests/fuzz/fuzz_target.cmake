# meridian_fuzz(NAME SOURCES <files> DEPS <meridian libraries> [LINK <outside libraries>])
# In the preset fuzz one libFuzzer program, <build>/fuzz/<NAME>; NAME ends in _fuzz. Target fuzz_targets builds all;
# `tests/run --all` runs each for 60 s. The checked-in seeds, and every input that once failed, are in
# tests/fuzz/corpus/<NAME>: the other presets have a test of this name that gives them to the target.
add_custom_target(fuzz_targets)
function(meridian_fuzz name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LINK" ${ARGN})
  if(NOT name MATCHES "_fuzz$")
    message(FATAL_ERROR "meridian_fuzz(${name}): the name must end in _fuzz, or tests/run does not find it")
  endif()
  if(NOT MERIDIAN_SANITIZE STREQUAL "fuzzer")
    meridian_binary(${name} SOURCES ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/try_seeds.cc DEPS base ${arg_DEPS}
      LINK ${arg_LINK})
    add_test(NAME ${name} COMMAND ${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(${name} PROPERTIES LABELS unit)
    return()
  endif()
  meridian_binary(${name} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS} LINK ${arg_LINK} -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  add_dependencies(fuzz_targets ${name})
endfunction()
