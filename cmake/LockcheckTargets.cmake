# The flags every target of ours has. An interface target, so that a project that
# uses add_subdirectory(lockcheck) keeps its own flags for its own code.
add_library(lockcheck_build_flags INTERFACE)
target_compile_features(lockcheck_build_flags INTERFACE cxx_std_20)
target_compile_options(lockcheck_build_flags INTERFACE
  -Wall -Wextra -Wno-missing-field-initializers -fno-omit-frame-pointer)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(lockcheck_build_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(lockcheck_build_flags INTERFACE -Wthread-safety)
endif()
if(LOCKCHECK_SANITIZE)
  target_compile_options(lockcheck_build_flags INTERFACE -fsanitize=${LOCKCHECK_SANITIZE})
  target_link_options(lockcheck_build_flags INTERFACE -fsanitize=${LOCKCHECK_SANITIZE})
  # Boost.Asio counts references with a fence, of which ThreadSanitizer knows nothing.
  if(LOCKCHECK_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(lockcheck_build_flags INTERFACE -Wno-tsan)
  endif()
endif()
target_include_directories(lockcheck_build_flags INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)

# lockcheck_room(NAME libs...): a static library lockcheck_NAME of every source
# file in the current folder. One folder is one room; see docs/architecture.md.
function(lockcheck_room name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(sources)
    add_library(lockcheck_${name} STATIC ${sources})
    target_link_libraries(lockcheck_${name} PUBLIC lockcheck_build_flags ${ARGN})
    # The analyzer goes into a shared library too (tools/check), where none of
    # its symbols is seen. Without the second line, calls inside it would have
    # to allow for somebody's replacing the callee.
    set_target_properties(lockcheck_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON
      CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  else()
    add_library(lockcheck_${name} INTERFACE)
    target_link_libraries(lockcheck_${name} INTERFACE lockcheck_build_flags ${ARGN})
  endif()
endfunction()
