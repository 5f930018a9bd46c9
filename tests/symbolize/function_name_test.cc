#include "lib/symbolize/function_name.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/rounds.h"

namespace lockcheck::symbolize {
namespace {

struct Example {
  const char* declaration;
  const char* name;
};

TEST(FunctionName, HasNeitherReturnTypeNorArguments) {
  for (const Example& example : {
           Example{"Bank::Transfer(int, int)", "Bank::Transfer"},
           {"main", "main"},
           {"void Run<int (*)(int)>(int (*)(int))", "Run<int (*)(int)>"},
           {"unsigned long const& max<long>(long)", "max<long>"},
           {"Foo<std::vector<int> >::bar(std::vector<int>) const",
            "Foo<std::vector<int> >::bar"},
           {"Foo::bar() const &&", "Foo::bar"},
           {"Foo::bar(int)::baz() const::qux(int)", "Foo::bar::baz::qux"},
           {"(anonymous namespace)::Foo::~Foo()",
            "(anonymous namespace)::Foo::~Foo"},
           {"int (anonymous namespace)::f<int>(int)",
            "(anonymous namespace)::f<int>"},
           {"void (*choose(int))(char)", "choose"},
           {"decltype (a->b) pick<A>(A)", "pick<A>"},
           {"f(int) [clone .cold]", "f"},
           {"f(int) [clone .isra.0] [clone .part.1]", "f"},
           {"text[abi:cxx11](int)", "text"},
           {"non-virtual thunk to Foo::bar()", "Foo::bar"},
       }) {
    EXPECT_EQ(ShortenDeclaration(example.declaration), example.name);
  }
}

TEST(FunctionName, OfALambdaKeepsItsNumberOnly) {
  EXPECT_EQ(ShortenDeclaration(
                "main::{lambda(int, std::function<void ()>)#1}::operator()"
                "(int, std::function<void ()>) const"),
            "main::{lambda#1}::operator()");
  EXPECT_EQ(ShortenDeclaration("auto f(int)::{lambda(auto:1)#2}::operator()"
                               "<int>(int) const"),
            "f::{lambda#2}::operator()<int>");
}

TEST(FunctionName, OfAnOperatorIsWhole) {
  for (const Example& example : {
           Example{"Foo::operator()(int) const", "Foo::operator()"},
           {"Foo::operator[](int)", "Foo::operator[]"},
           {"operator<<(std::ostream&, Foo)", "operator<<"},
           {"bool operator< <int>(A<int>, A<int>)", "operator<<int>"},
           {"Foo::operator->() const", "Foo::operator->"},
           {"operator<=>(A, A)", "operator<=>"},
           {"Foo::operator bool() const", "Foo::operator bool"},
           {"Foo::operator std::vector<int>() const",
            "Foo::operator std::vector<int>"},
           {"operator new[](unsigned long)", "operator new[]"},
           {"operator\"\" _s(char const*)", "operator\"\" _s"},
           {"my_operator(int)", "my_operator"},
       }) {
    EXPECT_EQ(ShortenDeclaration(example.declaration), example.name);
  }
}

// As std::source_location::function_name() gives them.
TEST(FunctionName, OfASignatureIsWithoutTheListOfTemplateArguments) {
  for (const Example& example : {
           Example{"int main(int, char**)", "main"},
           {"main(int, char**)::L::L()", "main::L::L"},
           {"bool Bank<T>::operator<(int) const [with T = int]",
            "Bank<T>::operator<"},
           {"int* Bank<T>::operator->() [with T = int]", "Bank<T>::operator->"},
           {"std::string Bank<T>::f(U, void (*)(int)) [with U = double; T = "
            "int; std::string = std::__cxx11::basic_string<char>]",
            "Bank<T>::f"},
           {"void run(T) [T = int]", "run"},
           {"main(int, char**)::<lambda(int)>", "main::<lambda(int)>"},
           {"{anonymous}::<lambda(int)>", "{anonymous}::<lambda(int)>"},
       }) {
    EXPECT_EQ(ShortenDeclaration(example.declaration), example.name);
  }
}

TEST(FunctionName, LosesOurVersionNamespaceAndNobodyElses) {
  EXPECT_EQ(FunctionName("_ZN9lockcheck5abi_15mutex4lockEv"),
            "lockcheck::mutex::lock");
  EXPECT_EQ(
      WithoutAbiNamespace(
          "std::lock_guard<lockcheck::abi_1_disabled::mutex>::lock_guard"),
      "std::lock_guard<lockcheck::mutex>::lock_guard");
  EXPECT_EQ(WithoutAbiNamespace("user::abi_1::mutex"), "user::abi_1::mutex");
  EXPECT_EQ(WithoutAbiNamespace("lockcheck::abi_version"),
            "lockcheck::abi_version");
}

TEST(FunctionName, OfWhatIsNotMangledIsTheTextItself) {
  EXPECT_EQ(FunctionName("main"), "main");
  EXPECT_EQ(FunctionName("__GI_getpid"), "getpid");
  EXPECT_EQ(FunctionName("__GI__ZN4Bank4OpenEv"), "Bank::Open");
  EXPECT_EQ(FunctionName("_ZNthis is no name"), "_ZNthis is no name");
  EXPECT_EQ(FunctionName(""), "");
}

TEST(FunctionName, OfRandomTextIsSomeText) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string letters = "()<>[]{}:*& -#aoperator~,const";
  for (int i = 0; i < tests::Rounds(20'000); ++i) {
    std::string text(1 + random() % 40, ' ');
    for (char& c : text) c = letters[random() % letters.size()];
    EXPECT_FALSE(ShortenDeclaration(text).empty()) << text;
  }
}

}  // namespace
}  // namespace lockcheck::symbolize
