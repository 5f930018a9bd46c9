# lockcheck_add_test(NAME name COMMAND command [argument...]
#                    [FAIL_ON item...] [SUPPRESSIONS file] [BASELINE file]
#                    [OPTIONS key=value...] [WORKING_DIRECTORY folder])
#
# add_test() for a program whose locks are lockcheck's: the command is recorded,
# with all the programs that it starts, and the test fails if it fails or if its
# log has findings. docs/cmake.md says what each word means.
#
# The command may be any: that of a GoogleTest program, a script, another
# framework's runner. The log stays in the build tree.
function(lockcheck_add_test)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;SUPPRESSIONS;BASELINE;WORKING_DIRECTORY"
    "COMMAND;FAIL_ON;OPTIONS")
  if(arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES OR NOT arg_NAME OR NOT arg_COMMAND)
    message(FATAL_ERROR "lockcheck_add_test(${ARGN}): write NAME name COMMAND command, then of FAIL_ON, "
      "SUPPRESSIONS, BASELINE, OPTIONS and WORKING_DIRECTORY what is wanted, each with a value")
  endif()

  if(TARGET lockcheck_command)
    set(lockcheck $<TARGET_FILE:lockcheck_command>)
  else()
    find_program(LOCKCHECK_COMMAND lockcheck DOC "The command that judges what tests recorded")
    if(NOT LOCKCHECK_COMMAND)
      message(FATAL_ERROR "lockcheck_add_test: there is no lockcheck command to judge with; set "
        "LOCKCHECK_BUILD_TOOLS=ON before add_subdirectory, or LOCKCHECK_COMMAND to an installed one")
    endif()
    set(lockcheck ${LOCKCHECK_COMMAND})
  endif()

  # As add_test does; there it would have to be the first word.
  list(POP_FRONT arg_COMMAND program)
  if(TARGET ${program})
    get_target_property(type ${program} TYPE)
    if(type STREQUAL "EXECUTABLE")
      set(program $<TARGET_FILE:${program}>)
    endif()
  endif()

  string(REGEX REPLACE "[^A-Za-z0-9_.-]" "_" folder "${arg_NAME}")
  set(words ${lockcheck} ${CMAKE_CURRENT_BINARY_DIR}/lockcheck/${folder})
  list(JOIN arg_OPTIONS : options)
  list(APPEND words "options=${options}")
  if(arg_FAIL_ON)
    list(JOIN arg_FAIL_ON , fail_on)
    list(APPEND words "fail-on=${fail_on}")
  endif()
  foreach(file SUPPRESSIONS BASELINE)
    if(arg_${file})
      get_filename_component(path "${arg_${file}}" ABSOLUTE)
      string(TOLOWER ${file} key)
      list(APPEND words "${key}=${path}")
    endif()
  endforeach()
  set(where)
  if(arg_WORKING_DIRECTORY)
    set(where WORKING_DIRECTORY ${arg_WORKING_DIRECTORY})
  endif()
  add_test(NAME "${arg_NAME}" ${where}
    COMMAND ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/record_and_judge.bash ${words} -- ${program} ${arg_COMMAND})
endfunction()
