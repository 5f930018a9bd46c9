# The scan over a generated log: see scan_bench.cc.
add_executable(scan_bench scan_bench.cc)
target_link_libraries(scan_bench PRIVATE lockcheck_analysis)
