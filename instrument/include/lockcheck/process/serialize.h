// How values get from one process to another: process::pool's arguments and
// results.
//
// serializer<T> writes a T as bytes and reads it back, in the same program. It
// is there for what is trivially copyable, std::string, std::vector,
// std::optional, std::pair and std::tuple of such; a program specializes it for
// types of its own:
//
//   template <>
//   struct lockcheck::process::serializer<Name> {
//     static void write(byte_writer& out, const Name& name) {
//       out.write(name.text);
//     }
//     static Name read(byte_reader& in) {
//       return Name(in.read<std::string>());
//     }
//   };
//
// A pointer is its bits: it means something in the other process only if it
// points into memory that both share and had before the other was forked.
#ifndef LOCKCHECK_PROCESS_SERIALIZE_H_
#define LOCKCHECK_PROCESS_SERIALIZE_H_

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "lockcheck/internal/abi.h"

namespace lockcheck::inline LOCKCHECK_ABI::process {

template <typename T>
struct serializer;

class byte_writer {
 public:
  void bytes(const void* from, size_t size) {
    bytes_.append(static_cast<const char*>(from), size);
  }
  template <typename T>
  void write(const T& value) {
    serializer<T>::write(*this, value);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class byte_reader {
 public:
  explicit byte_reader(std::string_view bytes) : bytes_(bytes) {}
  // Throws std::out_of_range if there are not so many.
  void bytes(void* to, size_t size) {
    if (size > bytes_.size()) TooFew();
    if (size != 0) std::memcpy(to, bytes_.data(), size);
    bytes_.remove_prefix(size);
  }
  template <typename T>
  T read() {
    return serializer<T>::read(*this);
  }
  // A count of elements that follow, each of a byte at least.
  size_t count() {
    const auto n = read<uint64_t>();
    if (n > bytes_.size()) TooFew();
    return static_cast<size_t>(n);
  }

 private:
  [[noreturn]] static void TooFew() {
#if defined(__cpp_exceptions)
    throw std::out_of_range("lockcheck: fewer bytes than the value has");
#else
    std::terminate();
#endif
  }
  std::string_view bytes_;
};

template <typename T>
requires(std::is_trivially_copyable_v<T> &&
         !std::is_same_v<T, std::string_view>) struct serializer<T> {
  static void write(byte_writer& out, const T& value) {
    out.bytes(&value, sizeof(value));
  }
  static T read(byte_reader& in) {
    std::array<std::byte, sizeof(T)> bytes;
    in.bytes(bytes.data(), bytes.size());
    return std::bit_cast<T>(bytes);
  }
};

template <>
struct serializer<std::string> {
  static void write(byte_writer& out, const std::string& text) {
    out.write<uint64_t>(text.size());
    out.bytes(text.data(), text.size());
  }
  static std::string read(byte_reader& in) {
    std::string text(in.count(), '\0');
    in.bytes(text.data(), text.size());
    return text;
  }
};

template <typename T>
struct serializer<std::vector<T>> {
  static void write(byte_writer& out, const std::vector<T>& items) {
    out.write<uint64_t>(items.size());
    for (const auto& item : items) out.write<T>(item);
  }
  static std::vector<T> read(byte_reader& in) {
    const size_t n = in.count();
    std::vector<T> items;
    items.reserve(n);
    for (size_t i = 0; i < n; ++i) items.push_back(in.read<T>());
    return items;
  }
};

template <typename T>
requires(!std::is_trivially_copyable_v<T>) struct serializer<std::optional<T>> {
  static void write(byte_writer& out, const std::optional<T>& value) {
    out.write(value.has_value());
    if (value) out.write<T>(*value);
  }
  static std::optional<T> read(byte_reader& in) {
    if (!in.read<bool>()) return std::nullopt;
    return in.read<T>();
  }
};

template <typename A, typename B>
requires(!std::is_trivially_copyable_v<std::pair<A, B>>) struct serializer<
    std::pair<A, B>> {
  static void write(byte_writer& out, const std::pair<A, B>& pair) {
    out.write<A>(pair.first);
    out.write<B>(pair.second);
  }
  static std::pair<A, B> read(byte_reader& in) {
    A first = in.read<A>();
    return {std::move(first), in.read<B>()};
  }
};

template <typename... Ts>
requires(!std::is_trivially_copyable_v<std::tuple<Ts...>>) struct serializer<
    std::tuple<Ts...>> {
  static void write(byte_writer& out, const std::tuple<Ts...>& tuple) {
    std::apply([&](const Ts&... parts) { (out.write<Ts>(parts), ...); }, tuple);
  }
  // Braces, for they are read in their order.
  static std::tuple<Ts...> read(byte_reader& in) {
    return std::tuple<Ts...>{in.read<Ts>()...};
  }
};

template <typename T>
concept serializable = requires(byte_writer& out, byte_reader& in,
                                const T& value) {
  serializer<T>::write(out, value);
  { serializer<T>::read(in) } -> std::convertible_to<T>;
};

}  // namespace lockcheck::inline LOCKCHECK_ABI::process

#endif  // LOCKCHECK_PROCESS_SERIALIZE_H_
