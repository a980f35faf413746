# meridian_fuzz(NAME SOURCES <files> DEPS <meridian libraries> [LINK <outside libraries>])
# One libFuzzer program, <build>/fuzz/<NAME>, in the preset fuzz only; NAME ends in _fuzz. Its checked-in seeds, and every
# input that once failed, are in tests/fuzz/corpus/<NAME>. Target fuzz_targets builds all; `tests/run --all` runs each for
# 60 s.
add_custom_target(fuzz_targets)
function(meridian_fuzz name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LINK" ${ARGN})
  if(NOT MERIDIAN_SANITIZE STREQUAL "fuzzer")
    return()
  endif()
  if(NOT name MATCHES "_fuzz$")
    message(FATAL_ERROR "meridian_fuzz(${name}): the name must end in _fuzz, or tests/run does not find it")
  endif()
  meridian_binary(${name} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS} LINK ${arg_LINK} -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  add_dependencies(fuzz_targets ${name})
endfunction()
