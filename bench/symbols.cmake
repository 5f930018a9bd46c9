# 10,000 symbols: see symbols_bench.cc. The subject has its own flags: what is
# measured is a program with inlined calls and debug information.
add_executable(symbols_subject symbols_subject.cc)
target_compile_features(symbols_subject PRIVATE cxx_std_20)
target_compile_options(symbols_subject PRIVATE -g -O2)
target_link_libraries(symbols_subject PRIVATE Boost::boost nlohmann_json::nlohmann_json Threads::Threads)

add_executable(symbols_bench symbols_bench.cc)
target_link_libraries(symbols_bench PRIVATE lockcheck_symbolize)
add_dependencies(symbols_bench symbols_subject)
