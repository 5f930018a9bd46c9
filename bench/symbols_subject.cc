// What symbols_bench looks addresses up in: a program of several megabytes with
// debug information, full of templates and inlined calls. It does a little of
// everything so that nothing is dropped.
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/strong_components.hpp>
#include <cstdio>
#include <future>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  const std::string text = argc > 1 ? argv[1] : R"({"locks": [1, 2, 3]})";
  const auto json = nlohmann::json::parse(text, nullptr, false);
  auto size = std::async([&] { return json.dump().size(); });
  boost::adjacency_list<> graph(3);
  boost::add_edge(0, 1, graph);
  std::vector<int> component(3);
  const int components = boost::strong_components(graph, component.data());
  const bool matches = std::regex_search(text, std::regex("lo(ck|g)s?"));
  std::printf("%zu %d %d\n", size.get(), components, matches);
  return 0;
}
