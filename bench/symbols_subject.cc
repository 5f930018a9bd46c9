// What symbols_bench looks addresses up in: a program of several megabytes with
// debug information, full of templates and inlined calls. It does a little of
// everything so that nothing is dropped.
#include <CLI/CLI.hpp>
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
  CLI::App app("subject");
  std::vector<int> numbers;
  app.add_option("--numbers", numbers);
  const auto options = static_cast<int>(app.get_options().size());
  const bool matches = std::regex_search(text, std::regex("lo(ck|g)s?"));
  std::printf("%zu %d %d\n", size.get(), options, matches);
  return 0;
}
