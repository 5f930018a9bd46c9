// Function names as people write them.
//
// Problem: a linker's name demangles to the whole declaration, return type and
// argument list included, and a report has room for "Bank::Transfer". Template
// arguments stay: they tell instances apart.
//
// Any text is accepted; what is no mangled name comes back as it is. Stateless.
#ifndef LOCKCHECK_LIB_SYMBOLIZE_FUNCTION_NAME_H_
#define LOCKCHECK_LIB_SYMBOLIZE_FUNCTION_NAME_H_

#include <string>
#include <string_view>

namespace lockcheck::symbolize {

// "_ZN4Bank8TransferEii" -> "Bank::Transfer", "__GI_getpid" -> "getpid".
std::string FunctionName(const char* linkage_name);

// "int Foo<A>::Bar(int)::{lambda(int)#1}::operator()(int) const" ->
// "Foo<A>::Bar::{lambda#1}::operator()". Also for what std::source_location
// calls a function: "void Run(T) [with T = int]" -> "Run".
std::string ShortenDeclaration(std::string_view demangled);

// "lockcheck::abi_1::mutex" -> "lockcheck::mutex", everywhere in the name.
std::string WithoutAbiNamespace(std::string name);

}  // namespace lockcheck::symbolize

#endif  // LOCKCHECK_LIB_SYMBOLIZE_FUNCTION_NAME_H_
