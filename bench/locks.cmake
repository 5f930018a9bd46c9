# What a lock costs in time, bytes and memory: see lock_bench.cc,
# bytes_per_event.cc, analysis_log.cc and cycles_log.cc.
find_package(absl REQUIRED)
find_package(benchmark REQUIRED)

add_executable(lock_bench lock_bench.cc lock_bench_disabled.cc)
target_link_libraries(lock_bench PRIVATE lockcheck_build_flags lockcheck::lockcheck
  benchmark::benchmark absl::synchronization)
target_compile_options(lock_bench PRIVATE -O2)

add_executable(bytes_per_event bytes_per_event.cc)
target_link_libraries(bytes_per_event PRIVATE lockcheck::lockcheck lockcheck_log)

add_executable(analysis_log analysis_log.cc)
target_link_libraries(analysis_log PRIVATE lockcheck_build_flags lockcheck::lockcheck)

add_executable(cycles_log cycles_log.cc)
target_link_libraries(cycles_log PRIVATE lockcheck_build_flags lockcheck::lockcheck)

add_executable(report_subject report_subject.cc)
target_link_libraries(report_subject PRIVATE lockcheck_build_flags lockcheck::lockcheck)
target_compile_options(report_subject PRIVATE -g)
