#include "lib/symbolize/function_name.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace lockcheck::symbolize {
namespace {

// Longer names are shown mangled; the demangler's output can be many times its
// input.
constexpr size_t kMaxMangledLength = 64 * 1024;
constexpr int kMaxNesting = 32;

bool IsIdentifier(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

// Position after the bracket that closes the one at `open`; the text's length
// if none does. "->" and comparisons inside parentheses close nothing.
size_t SkipGroup(std::string_view text, size_t open) {
  std::string stack;
  for (size_t i = open; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '(' || c == '[' || c == '{' || c == '<') {
      stack.push_back(c);
    } else if (c == '>') {
      const bool arrow = i > 0 && text[i - 1] == '-';
      if (!arrow && !stack.empty() && stack.back() == '<') stack.pop_back();
    } else if (c == ')' || c == ']' || c == '}') {
      while (!stack.empty() && stack.back() == '<') stack.pop_back();
      if (!stack.empty()) stack.pop_back();
    }
    if (stack.empty()) return i + 1;
  }
  return text.size();
}

// Reads one declaration from left to right. What stands before a space at the
// outermost level was a return type; a group in parentheses is an argument list
// unless it is part of an operator's name or an anonymous namespace.
class Shortener {
 public:
  Shortener(std::string_view text, int nesting)
      : text_(text), nesting_(nesting) {}

  std::string Run() {
    while (at_ < text_.size()) Step();
    return std::move(name_);
  }

 private:
  bool NextIs(std::string_view what) const {
    return text_.substr(at_).substr(0, what.size()) == what;
  }

  void Copy(size_t end) {
    name_.append(text_.substr(at_, end - at_));
    at_ = end;
  }

  void Step() {
    switch (text_[at_]) {
      case '(':
        return Parentheses();
      case '<':
        return Copy(SkipGroup(text_, at_));
      case '{':
        return Braces();
      case '[':  // [abi:cxx11]
        at_ = SkipGroup(text_, at_);
        return;
      case ' ':
        return Space();
      default:
        if (AtOperator()) return Operator();
        Copy(at_ + 1);
        after_arguments_ = false;
    }
  }

  void Parentheses() {
    if (NextIs("(anonymous namespace)")) {
      return Copy(at_ + sizeof("(anonymous namespace)") - 1);
    }
    const size_t end = SkipGroup(text_, at_);
    // "void (*name(int))(char)": a function that returns a pointer.
    if (name_.empty() && at_ + 1 < end && nesting_ < kMaxNesting &&
        (text_[at_ + 1] == '*' || text_[at_ + 1] == '&')) {
      const std::string_view inner = text_.substr(at_ + 2, end - at_ - 3);
      name_ = Shortener(inner, nesting_ + 1).Run();
      at_ = name_.empty() ? end : text_.size();
      return;
    }
    at_ = end;
    after_arguments_ = true;
  }

  void Braces() {
    const size_t end = SkipGroup(text_, at_);
    const std::string_view group = text_.substr(at_, end - at_);
    const size_t number = group.rfind('#');
    if (group.starts_with("{lambda(") && number != std::string_view::npos) {
      name_.append("{lambda").append(group.substr(number));
      at_ = end;
    } else {
      Copy(end);
    }
    after_arguments_ = false;
  }

  void Space() {
    ++at_;
    if (!after_arguments_) {
      name_.clear();
      return;
    }
    for (std::string_view qualifier :
         {"const", "volatile", "noexcept", "&&", "&"}) {
      if (!NextIs(qualifier)) continue;
      at_ += qualifier.size();
      return;
    }
    if (NextIs("[")) {  // [clone .cold], [with T = int]
      at_ = SkipGroup(text_, at_);
      return;
    }
    if (NextIs("requires")) {
      at_ = text_.size();
      return;
    }
    after_arguments_ = false;
    name_.clear();
  }

  bool AtOperator() const {
    constexpr std::string_view kWord = "operator";
    if (!NextIs(kWord)) return false;
    if (at_ > 0 && IsIdentifier(text_[at_ - 1])) return false;
    const size_t after = at_ + kWord.size();
    return after < text_.size() && !IsIdentifier(text_[after]);
  }

  void Operator() {
    after_arguments_ = false;
    Copy(at_ + sizeof("operator") - 1);
    if (NextIs("()") || NextIs("[]")) return Copy(at_ + 2);
    if (NextIs(" ") || NextIs("\"")) return NamedOperator();
    size_t end = at_;
    while (end < text_.size() &&
           std::string_view("<>=!+-*/%^&|~,").find(text_[end]) !=
               std::string_view::npos) {
      ++end;
    }
    Copy(end);
    // "operator< <int>" has a space that ends no return type.
    if (NextIs(" <")) ++at_;
  }

  // operator new[], operator bool, operator"" _x: up to the argument list.
  void NamedOperator() {
    while (at_ < text_.size() && text_[at_] != '(') {
      Copy(text_[at_] == '<' ? SkipGroup(text_, at_) : at_ + 1);
    }
  }

  std::string_view text_;
  int nesting_;
  size_t at_ = 0;
  std::string name_;
  bool after_arguments_ = false;
};

}  // namespace

std::string WithoutAbiNamespace(std::string name) {
  constexpr std::string_view kPrefix = "lockcheck::abi_";
  size_t at = 0;
  while ((at = name.find(kPrefix, at)) != std::string::npos) {
    size_t end = at + kPrefix.size();
    while (end < name.size() && IsIdentifier(name[end])) ++end;
    const size_t from = at + sizeof("lockcheck") - 1;
    at = from;
    if (name.compare(end, 2, "::") == 0) name.erase(from, end - from);
  }
  return name;
}

std::string ShortenDeclaration(std::string_view demangled) {
  std::string name = Shortener(demangled, 0).Run();
  if (name.empty()) name = demangled;
  return WithoutAbiNamespace(std::move(name));
}

std::string FunctionName(const char* linkage_name) {
  std::string_view mangled = linkage_name;
  // What the C library's own debug information calls its exported functions.
  if (mangled.starts_with("__GI_")) mangled.remove_prefix(5);
  if (!mangled.starts_with("_Z") || mangled.size() > kMaxMangledLength) {
    return std::string(mangled);
  }
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> demangled(
      abi::__cxa_demangle(mangled.data(), nullptr, nullptr, &status),
      &std::free);
  if (status != 0 || demangled == nullptr) return std::string(mangled);
  return ShortenDeclaration(demangled.get());
}

}  // namespace lockcheck::symbolize
