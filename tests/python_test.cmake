# meridian_python_test(NAME LABEL <label> FILE <file> [DEPENDS <targets>] [TIMEOUT <seconds>] [SERIAL])
# One pytest file as one ctest, run by the Python of .tools (see deploy/dev/install). A skipped or expected-to-fail test
# fails it. It finds the build in MERIDIAN_BUILD_DIR and the repository in MERIDIAN_SOURCE_DIR. DEPENDS names the targets
# that it starts: `ninja NAME_depends` builds them. SERIAL: alone on the machine. The sanitizer presets leave these tests
# out: they start whole binaries.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/pytest)
set(MERIDIAN_PYTHON ${PROJECT_SOURCE_DIR}/.tools/python/bin/python)

function(meridian_python_test name)
  cmake_parse_arguments(arg "SERIAL" "LABEL;FILE;TIMEOUT" "DEPENDS" ${ARGN})
  if(MERIDIAN_SANITIZE)
    return()
  endif()
  if(NOT arg_LABEL OR NOT arg_FILE)
    message(FATAL_ERROR "meridian_python_test(${name}): LABEL and FILE are needed")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_custom_target(${name}_depends DEPENDS ${arg_DEPENDS})
  add_test(NAME ${name}
    COMMAND ${MERIDIAN_PYTHON} -B -m pytest -q -p no:cacheprovider -p pytest_no_skips 
            --basetemp=${PROJECT_BINARY_DIR}/pytest/${name} ${CMAKE_CURRENT_SOURCE_DIR}/${arg_FILE}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES
    LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} RUN_SERIAL ${arg_SERIAL}
    ENVIRONMENT "MERIDIAN_BUILD_DIR=${PROJECT_BINARY_DIR};MERIDIAN_SOURCE_DIR=${PROJECT_SOURCE_DIR};PYTHONPATH=${PROJECT_SOURCE_DIR}/tests/pytest_plugins")
endfunction()
