# What `cmake --install` leaves: the runtime and its headers, a CMake package
# (find_package(lockcheck), target lockcheck::lockcheck), a pkg-config file and,
# when they were built, the command, and lockcheck::gtest and gtest_main. A project that uses add_subdirectory installs
# its own things, not ours, unless it says so.
option(LOCKCHECK_INSTALL "Install lockcheck with this project" ${PROJECT_IS_TOP_LEVEL})
if(NOT LOCKCHECK_INSTALL OR NOT TARGET lockcheck)
  return()
endif()

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(lockcheck_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/lockcheck)

# Before the first file is copied: what is missing, and what builds it. An
# installation that stops halfway helps nobody.
set(lockcheck_check "set(missing)\n")
foreach(pair development:lockcheck development:lockcheck_check development:lockcheck_gtest
    development:lockcheck_gtest_main command:lockcheck_command)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 component)
  list(GET pair 1 target)
  if(TARGET ${target})
    string(APPEND lockcheck_check
      "if((NOT CMAKE_INSTALL_COMPONENT OR CMAKE_INSTALL_COMPONENT STREQUAL ${component})\n"
      "    AND NOT EXISTS \"$<TARGET_FILE:${target}>\")\n"
      "  list(APPEND missing ${target})\nendif()\n")
  endif()
endforeach()
string(APPEND lockcheck_check
  "if(missing)\n  list(JOIN missing \" \" missing)\n"
  "  message(FATAL_ERROR \"lockcheck: nothing was installed, for not all is built; first: \"\n"
  "    \"cmake --build ${PROJECT_BINARY_DIR} --target \${missing}\")\nendif()\n")
install(CODE "${lockcheck_check}" ALL_COMPONENTS)

install(TARGETS lockcheck EXPORT lockcheckTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/instrument/include/lockcheck
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN "*.h")
install(EXPORT lockcheckTargets NAMESPACE lockcheck::
  DESTINATION ${lockcheck_package_dir} COMPONENT development)

# An export of its own, since it is not always there.
if(TARGET lockcheck_gtest)
  install(TARGETS lockcheck_check lockcheck_gtest lockcheck_gtest_main EXPORT lockcheckGTestTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
  install(EXPORT lockcheckGTestTargets NAMESPACE lockcheck::
    DESTINATION ${lockcheck_package_dir} COMPONENT development)
endif()

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/lockcheckConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/lockcheckConfig.cmake
  INSTALL_DESTINATION ${lockcheck_package_dir}
  PATH_VARS CMAKE_INSTALL_BINDIR)
# Before 1.0 a minor version may break its users.
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/cmake/lockcheckConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/cmake/lockcheckConfig.cmake
  ${PROJECT_BINARY_DIR}/cmake/lockcheckConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/LockcheckAddTest.cmake
  DESTINATION ${lockcheck_package_dir} COMPONENT development)
install(PROGRAMS ${PROJECT_SOURCE_DIR}/cmake/record_and_judge.bash
  DESTINATION ${lockcheck_package_dir} COMPONENT development)

# The file finds its prefix from where it lies, so `cmake --install --prefix`
# may choose another one than the configuration knew.
file(RELATIVE_PATH lockcheck_prefix_from_pkgconfig
  /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${PROJECT_SOURCE_DIR}/cmake/lockcheck.pc.in
  ${PROJECT_BINARY_DIR}/cmake/lockcheck.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cmake/lockcheck.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

if(TARGET lockcheck_command)
  install(TARGETS lockcheck_command
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
endif()
